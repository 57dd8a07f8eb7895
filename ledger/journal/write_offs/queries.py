"""Reads of debts: what an organisation owes, debt by debt, and what was written off."""

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from app.core.ids import OrganisationId
from app.core.paging import Page, awaiting_word, matching, paginate
from app.core.principals import Permission, Principal
from ledger.journal.books.chart import receivable_of
from ledger.journal.books.models import JournalTransaction, PostedLine
from ledger.journal.top_ups.models import CHARGE_BACK, WON, TopUpReturn
from ledger.journal.wallets.models import Wallet
from ledger.journal.write_offs.errors import WriteOffNotFound
from ledger.journal.write_offs.models import MINIMUM, WriteOff, WriteOffItem

CREDIT = "credit"


@dataclass(frozen=True)
class Debt:
    """One thing that is owed, in 10⁻⁸ units; ``subject`` names it within its kind."""

    kind: str
    subject: str
    amount: int


def list_debts(session: Session, organisation_id: OrganisationId, currency: str) -> list[Debt]:
    """What an organisation owes: the wallet's credit, charge-backs, minimums, in this order.

    Exact under the locks of its charge-backs and of its wallet; else as of now.
    """
    wallet = session.scalar(
        select(Wallet).where(Wallet.organisation_id == organisation_id, Wallet.currency == currency)
    )
    drawn = 0 if wallet is None else max(-wallet.balance_amount, 0)
    credit = [Debt(CREDIT, wallet.account_id, drawn)] if wallet is not None and drawn else []
    returns = lock_owed_returns(session, organisation_id, currency)
    charge_backs = [Debt(CHARGE_BACK, each.return_id, each.uncollected_amount) for each in returns]
    return [*credit, *charge_backs, *_minimums(session, receivable_of(organisation_id, currency))]


def lock_owed_returns(
    session: Session, organisation_id: OrganisationId, currency: str
) -> list[TopUpReturn]:
    """Charge-backs of which something is still to be collected, oldest first, locked."""
    wanted = (
        select(TopUpReturn)
        .where(
            TopUpReturn.organisation_id == organisation_id,
            TopUpReturn.currency == currency,
            TopUpReturn.kind == CHARGE_BACK,
            TopUpReturn.state != WON,
            TopUpReturn.owed_amount > TopUpReturn.collected_amount + TopUpReturn.written_off_amount,
        )
        .order_by(TopUpReturn.return_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(wanted))


def _minimums(session: Session, receivable: str) -> list[Debt]:
    """Commitments that were neither collected nor written off."""
    collected = aliased(JournalTransaction)
    is_collected = exists().where(
        collected.template == "collect_minimum",
        collected.reference == JournalTransaction.reference,
    )
    is_written_off = exists().where(
        WriteOffItem.kind == MINIMUM, WriteOffItem.subject == JournalTransaction.reference
    )
    wanted = (
        select(JournalTransaction.reference, PostedLine.amount)
        .join(PostedLine, PostedLine.transaction_id == JournalTransaction.transaction_id)
        .where(
            PostedLine.account_id == receivable,
            JournalTransaction.template == "charge_minimum",
            ~is_collected,
            ~is_written_off,
        )
        .order_by(JournalTransaction.transaction_id)
    )
    return [Debt(MINIMUM, reference, -amount) for reference, amount in session.execute(wanted)]


def get_write_off(
    session: Session, write_off_id: str, organisation_id: OrganisationId | None
) -> WriteOff:
    """The write-off, of one organisation or of any in reach; raises `WriteOffNotFound`."""
    found = session.get(WriteOff, write_off_id)
    if found is None or organisation_id not in {None, found.organisation_id}:
        raise WriteOffNotFound(write_off_id)
    return found


def get_write_off_for_update(session: Session, write_off_id: str) -> WriteOff:
    """The write-off, locked and as last committed; raises `WriteOffNotFound`."""
    found = session.get(WriteOff, write_off_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise WriteOffNotFound(write_off_id)
    return found


def find_proposed(
    session: Session, organisation_id: OrganisationId, currency: str
) -> WriteOff | None:
    """The proposal about an organisation's debt that waits for its second person."""
    return session.scalar(
        select(WriteOff).where(
            WriteOff.organisation_id == organisation_id,
            WriteOff.currency == currency,
            WriteOff.state == "proposed",
        )
    )


def list_items(session: Session, write_off_id: str) -> list[WriteOffItem]:
    """What a write-off consists of, in the order in which it comes in again."""
    wanted = select(WriteOffItem).where(WriteOffItem.write_off_id == write_off_id)
    order = [CREDIT, CHARGE_BACK, MINIMUM]
    return sorted(session.scalars(wanted), key=lambda item: (order.index(item.kind), item.subject))


def list_write_offs(
    session: Session,
    own: OrganisationId | None,
    *,
    asks: Principal | None = None,
    organisation_id: str | None,
    currency: str | None,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> Page[WriteOff]:
    """Write-offs of one's ``own`` organisation or of all in reach, newest first.

    With ``asks`` those alone that wait for a word of its.
    """
    wanted = {
        WriteOff.organisation_id: organisation_id,
        WriteOff.currency: currency,
        WriteOff.state: state,
    }
    statement = select(WriteOff).where(*matching(wanted))
    if own is not None:
        statement = statement.where(WriteOff.organisation_id == own)
    if asks is not None:
        is_proposed = WriteOff.state == "proposed"
        statement = statement.where(
            awaiting_word(asks, Permission.CONFIRM_TOP_UPS, WriteOff.proposed_by, is_proposed)
        )
    return paginate(session, statement, key=WriteOff.write_off_id, cursor=cursor, limit=limit)
