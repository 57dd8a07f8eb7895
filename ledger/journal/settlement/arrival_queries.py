"""Reads of arrivals at the bank and of money in suspense that goes back."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.paging import Page, matching, paginate
from ledger.journal.settlement.arrival_models import BankArrival, SuspenseReturn
from ledger.journal.settlement.suspense_errors import SuspenseReturnNotFound


def list_arrivals(
    session: Session, *, currency: str | None, cursor: str | None, limit: int
) -> Page[BankArrival]:
    """Arrivals by the bank's reference."""
    statement = select(BankArrival).where(*matching({BankArrival.currency: currency}))
    return paginate(session, statement, key=BankArrival.bank_reference, cursor=cursor, limit=limit)


def get_return_for_update(session: Session, return_id: str) -> SuspenseReturn:
    """The return, locked and as last committed; raises `SuspenseReturnNotFound`."""
    found = session.get(SuspenseReturn, return_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise SuspenseReturnNotFound(return_id)
    return found


def list_returns(
    session: Session, *, state: str | None, cursor: str | None, limit: int
) -> Page[SuspenseReturn]:
    """Returns, newest first."""
    statement = select(SuspenseReturn).where(*matching({SuspenseReturn.state: state}))
    return paginate(session, statement, key=SuspenseReturn.return_id, cursor=cursor, limit=limit)
