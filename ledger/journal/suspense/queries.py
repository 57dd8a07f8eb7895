"""Reads of money in suspense: what arrived unexplained, and what became of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select, text
from sqlalchemy.orm import Session

from app.core.money import CURRENCIES, Money
from app.core.paging import Page, awaiting_word, matching, paginate
from app.core.principals import Permission, Principal
from ledger.journal.books.chart import AccountKind, exchange_account
from ledger.journal.books.freezes import check_not_frozen
from ledger.journal.books.models import JournalTransaction, PostedLine
from ledger.journal.suspense.errors import (
    SuspenseAssigned,
    SuspenseAssignmentNotFound,
    SuspenseNotFound,
    SuspenseReturned,
    SuspenseReturnExists,
    SuspenseReturnNotFound,
)
from ledger.journal.suspense.models import DECLINED, SuspenseAssignment, SuspenseReturn

ARRIVED = "provider_unexplained"
"""The template of money that moved for no reason of ours."""

UNDER_WAY = ("proposed", "approved", "returned")
"""States of a return that leave nothing to assign."""

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('suspense'), hashtext(:name))")

_ACCOUNTS = tuple(exchange_account(AccountKind.SUSPENSE, currency) for currency in CURRENCIES)


@dataclass(frozen=True)
class Suspended:
    """Money that arrived (below 0: left) unexplained, in 10⁻⁸ units."""

    posting_id: int
    reference: str
    amount: int
    currency: str
    booked_at: datetime


def one_at_a_time(session: Session, name: str) -> None:
    """Of two decisions about a currency at once the second sees what the first left there."""
    session.execute(_ONE_AT_A_TIME, {"name": name})


def list_suspended(
    session: Session, *, is_open: bool | None, cursor: str | None, limit: int
) -> Page[Suspended]:
    """What stands or stood in suspense, newest first; open is what nothing took out."""
    assigned = exists().where(
        SuspenseAssignment.reference == JournalTransaction.reference,
        SuspenseAssignment.state == "approved",
    )
    statement = (
        select(PostedLine)
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(JournalTransaction.template == ARRIVED, PostedLine.account_id.in_(_ACCOUNTS))
    )
    returned = exists().where(
        SuspenseReturn.reference == JournalTransaction.reference,
        SuspenseReturn.state.in_(("approved", "returned")),
    )
    if is_open is not None:
        is_gone = or_(assigned, returned)
        statement = statement.where(~is_gone if is_open else is_gone)
    page = paginate(
        session, statement, key=PostedLine.posting_id, cursor=cursor, limit=limit, parse=int
    )
    found = [line.transaction_id for line in page.items]
    booked = {
        each.transaction_id: each
        for each in session.scalars(
            select(JournalTransaction).where(JournalTransaction.transaction_id.in_(found))
        )
    }
    return Page(
        [_suspended(line, booked[line.transaction_id]) for line in page.items], page.next_cursor
    )


def get_suspended(session: Session, reference: str) -> Suspended:
    """What arrived under a reference (gateway and movement); raises `SuspenseNotFound`."""
    line = session.scalar(
        select(PostedLine)
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(
            JournalTransaction.template == ARRIVED,
            JournalTransaction.reference == reference,
            PostedLine.account_id.in_(_ACCOUNTS),
            PostedLine.amount > 0,
        )
    )
    if line is None:
        raise SuspenseNotFound(reference)
    return _suspended(line, session.get_one(JournalTransaction, line.transaction_id))


def check_held(session: Session, reference: str, money: Money) -> None:
    """Raises `SuspenseReturned` where suspense holds less now, `AccountFrozen` while it is."""
    account = exchange_account(AccountKind.SUSPENSE, money.currency)
    check_not_frozen(session, account)
    held = select(func.coalesce(func.sum(PostedLine.amount), 0)).where(
        PostedLine.account_id == account
    )
    if int(session.scalar(held) or 0) < money.units:
        raise SuspenseReturned(reference)


def check_undecided(session: Session, reference: str) -> None:
    """Raises `SuspenseAssigned` or `SuspenseReturnExists` where money was decided about."""
    assigned = session.scalar(
        select(SuspenseAssignment.assignment_id).where(
            SuspenseAssignment.reference == reference, SuspenseAssignment.state != DECLINED
        )
    )
    if assigned is not None:
        raise SuspenseAssigned(reference, assigned)
    returned = session.scalar(
        select(SuspenseReturn.return_id).where(
            SuspenseReturn.reference == reference, SuspenseReturn.state.in_(UNDER_WAY)
        )
    )
    if returned is not None:
        raise SuspenseReturnExists(reference, returned)


def get_assignment_for_update(session: Session, assignment_id: str) -> SuspenseAssignment:
    """The assignment, locked and as last committed; raises `SuspenseAssignmentNotFound`."""
    found = session.get(
        SuspenseAssignment, assignment_id, with_for_update=True, populate_existing=True
    )
    if found is None:
        raise SuspenseAssignmentNotFound(assignment_id)
    return found


def list_assignments(
    session: Session,
    *,
    asks: Principal | None = None,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> Page[SuspenseAssignment]:
    """Assignments, newest first; ``asks``: those alone that wait for a word of its."""
    statement = select(SuspenseAssignment).where(*matching({SuspenseAssignment.state: state}))
    if asks is not None:
        is_proposed = SuspenseAssignment.state == "proposed"
        first_by = SuspenseAssignment.proposed_by
        statement = statement.where(
            awaiting_word(asks, Permission.CONFIRM_TOP_UPS, first_by, is_proposed)
        )
    return paginate(
        session, statement, key=SuspenseAssignment.assignment_id, cursor=cursor, limit=limit
    )


def _suspended(line: PostedLine, booked: JournalTransaction) -> Suspended:
    return Suspended(line.posting_id, booked.reference, line.amount, line.currency, line.booked_at)


def get_return_for_update(session: Session, return_id: str) -> SuspenseReturn:
    """The return, locked and as last committed; raises `SuspenseReturnNotFound`."""
    found = session.get(SuspenseReturn, return_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise SuspenseReturnNotFound(return_id)
    return found


def list_returns(
    session: Session,
    *,
    asks: Principal | None = None,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> Page[SuspenseReturn]:
    """Returns, newest first; ``asks``: those alone that wait for a word of its."""
    statement = select(SuspenseReturn).where(*matching({SuspenseReturn.state: state}))
    if asks is not None:
        is_proposed = SuspenseReturn.state == "proposed"
        first_by = SuspenseReturn.proposed_by
        statement = statement.where(
            awaiting_word(asks, Permission.CONFIRM_TOP_UPS, first_by, is_proposed)
        )
    return paginate(session, statement, key=SuspenseReturn.return_id, cursor=cursor, limit=limit)
