"""What a buyer sees of calls that were refused or failed, and how it is read."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base
from app.core.paging import Page, between, paginate

BEYOND_KINDS = "other"
"""The slug under which is counted what more kinds of refusals than fit in memory came to."""


class UnservedCalls(Base):
    """Calls of one licence that came to nothing in one way within one hour; all were free."""

    __tablename__ = "denial_counts"

    denial_id: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[str]
    """Empty where the key was nobody's."""
    slug: Mapped[str]
    hour: Mapped[datetime]
    buyer_id: Mapped[str | None]
    calls_count: Mapped[int]


def list_unserved(
    session: Session,
    buyer_id: str | None,
    *,
    licence_id: str | None = None,
    problem: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[UnservedCalls]:
    """A page, the latest hours first; ``buyer_id`` None is for the exchange's staff.

    Hours that begin within ``from_at`` (included) and ``until_at`` (not included).
    """
    statement = select(UnservedCalls)
    if buyer_id is not None:
        statement = statement.where(UnservedCalls.buyer_id == buyer_id)
    if licence_id is not None:
        statement = statement.where(UnservedCalls.licence_id == licence_id)
    if problem is not None:
        statement = statement.where(UnservedCalls.slug == problem)
    statement = statement.where(*between(UnservedCalls.hour, from_at, until_at))
    return paginate(session, statement, key=UnservedCalls.denial_id, cursor=cursor, limit=limit)


def count_unserved(session: Session, *, since: datetime) -> int:
    """Calls of all licences that were refused or failed in the hours from ``since`` on."""
    wanted = select(func.coalesce(func.sum(UnservedCalls.calls_count), 0))
    return int(session.scalars(wanted.where(UnservedCalls.hour >= since)).one())
