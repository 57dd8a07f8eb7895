"""What an organisation owes at this moment, for itself and for the exchange's staff."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, holding, matching, paginate
from ledger.journal.billing.credit_bills.models import IS_OPEN, CreditBill
from ledger.journal.books.chart import receivable_of
from ledger.journal.wallets.held_money import held_amount
from ledger.journal.wallets.models import Wallet
from ledger.journal.wallets.queries import owed_amounts


@dataclass(frozen=True)
class Exposure:
    """One wallet on credit; amounts in 10⁻⁸ units."""

    organisation_id: OrganisationId
    currency: str
    limit_amount: int
    used_amount: int
    pending_amount: int
    available_amount: int
    billed_amount: int
    overdue_amount: int
    owed_amount: int
    """Beyond the limit: a charge-back or a minimum commitment that the wallet did not bear."""
    is_suspended: bool


def list_exposures(
    session: Session,
    own: OrganisationId | None,
    *,
    at: datetime,
    organisation_id: str | None = None,
    currency: str | None = None,
    is_suspended: bool | None = None,
    is_overdue: bool | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Exposure]:
    """Wallets with a credit line, of one's ``own`` organisation or of all in reach, by account."""
    wanted = {
        Wallet.organisation_id: organisation_id,
        Wallet.currency: currency,
        Wallet.is_credit_suspended: is_suspended,
    }
    statement = select(Wallet).where(
        Wallet.credit_limit_amount > 0,
        *matching(wanted),
        *holding(_owes_overdue(at), is_overdue),
    )
    if own is not None:
        statement = statement.where(Wallet.organisation_id == own)
    page = paginate(
        session,
        statement,
        key=Wallet.account_id,
        cursor=cursor,
        limit=limit,
        newest_first=False,
    )
    return Page([_exposure(session, wallet, at) for wallet in page.items], page.next_cursor)


def _owes_overdue(at: datetime) -> ColumnElement[bool]:
    return exists().where(
        CreditBill.organisation_id == Wallet.organisation_id,
        CreditBill.currency == Wallet.currency,
        IS_OPEN,
        CreditBill.due_at <= at,
    )


def _exposure(session: Session, wallet: Wallet, at: datetime) -> Exposure:
    left = CreditBill.amount - CreditBill.paid_amount
    is_overdue = CreditBill.due_at <= at
    row = session.execute(
        select(
            func.coalesce(func.sum(left), 0).label("billed"),
            func.coalesce(func.sum(left).filter(is_overdue), 0).label("overdue"),
        ).where(
            CreditBill.organisation_id == wallet.organisation_id,
            CreditBill.currency == wallet.currency,
            IS_OPEN,
        )
    ).one()
    held_by_workers = held_amount(session, wallet)
    spent_of_leases = wallet.pending_amount - held_by_workers
    return Exposure(
        organisation_id=wallet.organisation_id,
        currency=wallet.currency,
        limit_amount=wallet.credit_limit_amount,
        used_amount=max(spent_of_leases - wallet.balance_amount, 0),
        pending_amount=held_by_workers,
        available_amount=wallet.available_amount,
        billed_amount=int(row.billed),
        overdue_amount=int(row.overdue),
        owed_amount=_owed(session, wallet),
        is_suspended=wallet.is_credit_suspended,
    )


def _owed(session: Session, wallet: Wallet) -> int:
    receivable = receivable_of(wallet.organisation_id, wallet.currency)
    return owed_amounts(session, [receivable]).get(receivable, 0)
