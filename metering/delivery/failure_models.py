"""What a supplier sees of deliveries that failed, and how it is read."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base
from app.core.paging import Page, paginate


class DeliveryFailure(Base):
    """Calls of one listing that failed in one way within one hour."""

    __tablename__ = "delivery_failures"

    failure_id: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    hour: Mapped[datetime]
    kind: Mapped[str]
    calls_count: Mapped[int]
    last_at: Mapped[datetime]
    last_detail: Mapped[str]


def list_failures(
    session: Session,
    supplier_id: str | None,
    *,
    listing_code: str | None = None,
    kind: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[DeliveryFailure]:
    """A page of failures, the latest hours first; ``supplier_id`` None is for the exchange's staff.

    Hours that begin within ``from_at`` (included) and ``until_at`` (not included).
    """
    statement = select(DeliveryFailure)
    if supplier_id is not None:
        statement = statement.where(DeliveryFailure.supplier_id == supplier_id)
    if listing_code is not None:
        statement = statement.where(DeliveryFailure.listing_code == listing_code)
    if kind is not None:
        statement = statement.where(DeliveryFailure.kind == kind)
    if from_at is not None:
        statement = statement.where(DeliveryFailure.hour >= from_at)
    if until_at is not None:
        statement = statement.where(DeliveryFailure.hour < until_at)
    return paginate(session, statement, key=DeliveryFailure.failure_id, cursor=cursor, limit=limit)
