"""Reads of settlement runs, settlements, payouts and bank details."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import LicenceId, OrganisationId
from app.core.paging import Page, paginate
from ledger.journal.settlement.ids import BankAccountId, PayoutId, RunId, SettlementId
from ledger.journal.settlement.models import (
    PLANNED,
    BankAccount,
    Payout,
    Settlement,
    SettlementRun,
    StatementRow,
)
from ledger.journal.settlement.payout_errors import (
    BankAccountNotFound,
    PayoutNotFound,
    SettlementNotFound,
    SettlementRunNotFound,
)


def get_run(session: Session, run_id: RunId) -> SettlementRun:
    """The run; raises `SettlementRunNotFound`."""
    found = session.get(SettlementRun, run_id)
    if found is None:
        raise SettlementRunNotFound(run_id)
    return found


def find_last_run(session: Session, currency: str) -> SettlementRun | None:
    """The currency's run that reaches furthest, locked."""
    statement = select(SettlementRun).where(SettlementRun.currency == currency)
    return session.scalar(
        statement.order_by(SettlementRun.until_at.desc()).limit(1).with_for_update()
    )


def find_open_run_for_update(session: Session) -> SettlementRun | None:
    """An unfinished run that nobody else is working on, locked; the oldest first."""
    return session.scalar(
        select(SettlementRun)
        .where(SettlementRun.state == PLANNED)
        .order_by(SettlementRun.run_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def list_runs(
    session: Session, *, currency: str | None, cursor: str | None, limit: int
) -> Page[SettlementRun]:
    """Settlement runs, newest first."""
    statement = select(SettlementRun)
    if currency is not None:
        statement = statement.where(SettlementRun.currency == currency)
    return paginate(session, statement, key=SettlementRun.run_id, cursor=cursor, limit=limit)


def get_settlement(
    session: Session, settlement_id: SettlementId, organisation_id: OrganisationId | None
) -> Settlement:
    """The settlement, of one supplier or of any in reach; raises `SettlementNotFound`."""
    found = session.get(Settlement, settlement_id)
    if found is None or organisation_id not in {None, found.supplier_id}:
        raise SettlementNotFound(settlement_id)
    return found


def get_settlement_for_update(session: Session, settlement_id: SettlementId) -> Settlement:
    """The settlement, locked; raises `SettlementNotFound`."""
    found = session.get(Settlement, settlement_id, with_for_update=True)
    if found is None:
        raise SettlementNotFound(settlement_id)
    return found


def find_last_settlement(session: Session, supplier_id: str, currency: str) -> Settlement | None:
    """The supplier's newest settlement in a currency."""
    return session.scalar(
        select(Settlement)
        .where(Settlement.supplier_id == supplier_id, Settlement.currency == currency)
        .order_by(Settlement.n.desc())
        .limit(1)
    )


def list_settlements(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    run_id: RunId | None,
    currency: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Settlement]:
    """Settlements of a supplier, or of all in reach, newest first."""
    statement = select(Settlement)
    if organisation_id is not None:
        statement = statement.where(Settlement.supplier_id == organisation_id)
    if run_id is not None:
        statement = statement.where(Settlement.run_id == run_id)
    if currency is not None:
        statement = statement.where(Settlement.currency == currency)
    return paginate(session, statement, key=Settlement.settlement_id, cursor=cursor, limit=limit)


def list_statement_rows(session: Session, settlement_id: SettlementId) -> list[StatementRow]:
    """Every row of a statement's tree; none for a statement without one."""
    statement = select(StatementRow).where(StatementRow.settlement_id == settlement_id)
    return [*session.scalars(statement.order_by(StatementRow.subject))]


def has_row(session: Session, settlement_id: SettlementId, subject: str) -> bool:
    """Whether a statement has a row of this licence."""
    return session.get(StatementRow, (settlement_id, subject)) is not None


@dataclass(frozen=True)
class SettlementRow:
    """A licence's row in a settlement; amounts in 10⁻⁸ units."""

    settlement_id: SettlementId
    licence_id: LicenceId
    supplier_id: OrganisationId
    currency: str
    from_at: datetime
    until_at: datetime
    charged_amount: int
    credited_amount: int
    root_hash: str


def list_licence_rows(
    session: Session,
    licence_id: LicenceId,
    supplier_id: OrganisationId | None,
    *,
    cursor: str | None,
    limit: int,
) -> Page[SettlementRow]:
    """Rows of a licence in one supplier's settlements, or in everybody's; newest first."""
    statement = select(StatementRow).where(StatementRow.subject == licence_id)
    if supplier_id is not None:
        statement = statement.where(StatementRow.supplier_id == supplier_id)
    page = paginate(session, statement, key=StatementRow.settlement_id, cursor=cursor, limit=limit)
    ids = [row.settlement_id for row in page.items]
    found = session.scalars(select(Settlement).where(Settlement.settlement_id.in_(ids)))
    settlements = {each.settlement_id: each for each in found}
    items = [_settlement_row(licence_id, settlements[row.settlement_id], row) for row in page.items]
    return Page(items, page.next_cursor)


def _settlement_row(
    licence_id: LicenceId, settlement: Settlement, row: StatementRow
) -> SettlementRow:
    assert settlement.root_hash is not None, "a statement with rows has a root"
    return SettlementRow(
        settlement_id=settlement.settlement_id,
        licence_id=licence_id,
        supplier_id=settlement.supplier_id,
        currency=settlement.currency,
        from_at=settlement.from_at,
        until_at=settlement.until_at,
        charged_amount=row.charged_amount,
        credited_amount=row.credited_amount,
        root_hash=settlement.root_hash,
    )


def get_payout(
    session: Session, payout_id: PayoutId, organisation_id: OrganisationId | None
) -> Payout:
    """The payout, of one supplier or of any in reach; raises `PayoutNotFound`."""
    found = session.get(Payout, payout_id)
    if found is None or organisation_id not in {None, found.supplier_id}:
        raise PayoutNotFound(payout_id)
    return found


def get_payout_for_update(session: Session, payout_id: PayoutId) -> Payout:
    """The payout, locked and as last committed; raises `PayoutNotFound`."""
    found = session.get(Payout, payout_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise PayoutNotFound(payout_id)
    return found


def find_open_payout(session: Session, settlement_id: SettlementId) -> Payout | None:
    """The settlement's payout that was not cancelled."""
    return session.scalar(
        select(Payout).where(Payout.settlement_id == settlement_id, Payout.state != "cancelled")
    )


def list_payouts(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Payout]:
    """Payouts of a supplier, or of all in reach, newest first."""
    statement = select(Payout)
    if organisation_id is not None:
        statement = statement.where(Payout.supplier_id == organisation_id)
    if state is not None:
        statement = statement.where(Payout.state == state)
    return paginate(session, statement, key=Payout.payout_id, cursor=cursor, limit=limit)


def find_bank_account(
    session: Session, organisation_id: str, currency: str, *, at: datetime
) -> BankAccount | None:
    """The bank details that count at an instant: the last that had come into force by then."""
    return session.scalar(
        select(BankAccount)
        .where(
            BankAccount.organisation_id == organisation_id,
            BankAccount.currency == currency,
            BankAccount.effective_at <= at,
            BankAccount.cancelled_at.is_(None),
        )
        .order_by(BankAccount.effective_at.desc(), BankAccount.bank_account_id.desc())
        .limit(1)
    )


def get_bank_account(
    session: Session, bank_account_id: BankAccountId, organisation_id: OrganisationId | None
) -> BankAccount:
    """Bank details, of one supplier or of any in reach; raises `BankAccountNotFound`."""
    found = session.get(BankAccount, bank_account_id)
    if found is None or organisation_id not in {None, found.organisation_id}:
        raise BankAccountNotFound(bank_account_id)
    return found


def list_bank_accounts(
    session: Session, organisation_id: OrganisationId | None, *, cursor: str | None, limit: int
) -> Page[BankAccount]:
    """Registered bank details, newest first."""
    statement = select(BankAccount)
    if organisation_id is not None:
        statement = statement.where(BankAccount.organisation_id == organisation_id)
    return paginate(session, statement, key=BankAccount.bank_account_id, cursor=cursor, limit=limit)
