"""What a supplier sees of deliveries that failed, and how it is read."""

from datetime import date, datetime, timedelta

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base
from app.core.exchange_calendar import day_of, day_start, local_time
from app.core.paging import Page, between, paginate
from metering.delivery.errors import FailureKind

MISFITS = (FailureKind.NOT_JSON.value, FailureKind.SCHEMA_MISMATCH.value)
BLAMELESS = (FailureKind.INPUT_REFUSED.value,)
"""The supplier's system may be right to refuse what a buyer sent."""
SUMMED_DAYS = 2


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
    statement = statement.where(*between(DeliveryFailure.hour, from_at, until_at))
    return paginate(session, statement, key=DeliveryFailure.failure_id, cursor=cursor, limit=limit)


def count_failures(session: Session, *, since: datetime) -> int:
    """Deliveries of all suppliers that failed in the hours from ``since`` on."""
    wanted = select(func.coalesce(func.sum(DeliveryFailure.calls_count), 0))
    return int(session.scalars(wanted.where(DeliveryFailure.hour >= since)).one())


def sum_failures(session: Session, now: datetime) -> list[tuple[str, str, date, int, int]]:
    """(listing, supplier, day in China, answers that did not fit, other failures), of late.

    Of today and yesterday: counts are written some seconds late, perhaps after midnight.
    """
    day = cast(local_time(DeliveryFailure.hour), Date)
    since = day_start(day_of(now) - timedelta(days=SUMMED_DAYS - 1))
    calls = DeliveryFailure.calls_count
    misfits = func.sum(calls).filter(DeliveryFailure.kind.in_(MISFITS))
    others = func.sum(calls).filter(DeliveryFailure.kind.not_in(MISFITS))
    wanted = (
        select(
            DeliveryFailure.listing_code,
            DeliveryFailure.supplier_id,
            day,
            func.coalesce(misfits, 0),
            func.coalesce(others, 0),
        )
        .where(DeliveryFailure.hour >= since, DeliveryFailure.kind.not_in(BLAMELESS))
        .group_by(DeliveryFailure.listing_code, DeliveryFailure.supplier_id, day)
        .order_by(DeliveryFailure.listing_code, day)
    )
    return [
        (code, supplier, on, int(misfit), int(other))
        for code, supplier, on, misfit, other in session.execute(wanted)
    ]
