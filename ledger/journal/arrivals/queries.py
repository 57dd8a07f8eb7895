"""Reads of arrivals at the bank, and of the transfers out that they may be."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from app.core.paging import Page, between, matching, paginate
from ledger.journal.arrivals.errors import SentBefore
from ledger.journal.arrivals.models import BankArrival
from ledger.journal.bank_accounts.outgoing import OutgoingState
from ledger.journal.books.chart import BANK_TRANSFER
from ledger.journal.payouts.models import Payout
from ledger.journal.top_ups.creditor_reference import BODY_LENGTH, body_of
from ledger.journal.withdrawals.models import Withdrawal

_LET_GO = (OutgoingState.APPROVED, OutgoingState.SENT, OutgoingState.PAID, OutgoingState.FAILED)


def list_arrivals(
    session: Session,
    *,
    currency: str | None = None,
    reference: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[BankArrival]:
    """Arrivals by the bank's reference; the period is that of recording.

    A ``reference`` is the bank's own, or that under which the money is in suspense.
    """
    statement = select(BankArrival).where(
        *matching({BankArrival.currency: currency}),
        *between(BankArrival.recorded_at, from_at, until_at),
    )
    if reference is not None:
        bank_reference = reference.removeprefix(f"{BANK_TRANSFER}:")
        statement = statement.where(BankArrival.bank_reference.in_((reference, bank_reference)))
    return paginate(session, statement, key=BankArrival.bank_reference, cursor=cursor, limit=limit)


def find_sent(session: Session, references: Sequence[str]) -> SentBefore | None:
    """The transfer out, let go by two people, that went with one of these references."""
    bodies = [body_of(each) for each in references]
    withdrawal = session.scalar(
        select(Withdrawal)
        .where(_names(Withdrawal.withdrawal_id, bodies), Withdrawal.state.in_(_LET_GO))
        .limit(1)
    )
    if withdrawal is not None:
        return SentBefore("withdrawal", withdrawal.withdrawal_id, withdrawal.state)
    payout = session.scalar(
        select(Payout).where(_names(Payout.payout_id, bodies), Payout.state.in_(_LET_GO)).limit(1)
    )
    return None if payout is None else SentBefore("payout", payout.payout_id, payout.state)


def _names(key: SQLColumnExpression[str], bodies: Sequence[str]) -> ColumnElement[bool]:
    """As the tables' indexes have it: a reference is made of the end of an id."""
    return func.upper(func.right(key, BODY_LENGTH)).in_(bodies)
