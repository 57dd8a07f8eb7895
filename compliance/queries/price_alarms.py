"""Reads of prices that differ under the same conditions."""

from sqlalchemy import and_, or_, select

from app.core.paging import Page, paginate
from app.core.unit_of_work import UnitOfWork
from compliance.errors import PriceAlarmNotFound
from compliance.models.price_alarms import PriceAlarm
from compliance.review.price_alarms import UNDECIDED, PriceAlarmState


def list_price_alarms(
    uow: UnitOfWork,
    *,
    reader_id: str | None,
    state: str | None = None,
    listing_code: str | None = None,
    supplier_id: str | None = None,
    is_overdue: bool = False,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[PriceAlarm]:
    """A supplier's own alarms, or all for the exchange (``reader_id`` None), newest first.

    Overdue are those whose supplier gave no reason in time, or the exchange no decision.
    """
    wanted = select(PriceAlarm)
    if reader_id is not None:
        wanted = wanted.where(PriceAlarm.supplier_id == reader_id)
    if state is not None:
        wanted = wanted.where(PriceAlarm.state == state)
    if listing_code is not None:
        wanted = wanted.where(PriceAlarm.listing_code == listing_code)
    if supplier_id is not None:
        wanted = wanted.where(PriceAlarm.supplier_id == supplier_id)
    if is_overdue:
        unexplained = and_(PriceAlarm.state == PriceAlarmState.OPEN, PriceAlarm.due_at <= uow.now)
        undecided = and_(PriceAlarm.state.in_(UNDECIDED), PriceAlarm.decision_due_at <= uow.now)
        wanted = wanted.where(or_(unexplained, undecided))
    return paginate(uow.session, wanted, key=PriceAlarm.id, cursor=cursor, limit=limit)


def get_price_alarm(uow: UnitOfWork, alarm_id: str, *, reader_id: str | None) -> PriceAlarm:
    """One alarm of the supplier, or anybody's for the exchange; raises `PriceAlarmNotFound`."""
    alarm = uow.session.get(PriceAlarm, alarm_id)
    if alarm is None or reader_id not in {None, alarm.supplier_id}:
        raise PriceAlarmNotFound(alarm_id)
    return alarm
