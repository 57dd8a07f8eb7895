"""The worker's timed step over periods: opens those that begin, closes those that are over.

Each licence has a transaction of its own, which looks again under the entitlement's lock: two
workers do everything once, and one that dies has done it wholly or not at all.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from app.core.db import was_away
from app.core.errors import CounterfoilError, ErrorKind
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from metering.models import Entitlement, LicencePeriod
from metering.plans import services as periods
from metering.plans.closing import close_period
from metering.plans.queries import due_to_open, due_to_try

LEAD_SECONDS = 30.0
"""A period is opened so long before it begins, so that no call waits for it."""
LEASES_SECONDS = 1.0
"""A period whose leases are still out is looked at again after so long."""
OPENINGS_MAX = 2
"""What the licence's own leases hold comes back when its lock is let go: the second finds it."""
STEP_MAX = 100

_log = structlog.get_logger("metering.periods")


Resting = dict[str, datetime]
"""Until when a licence rests whose period could not be opened: a worker's own memory of it."""


def turn_periods(units: UnitOfWorkFactory, resting: Resting | None = None) -> bool:
    """Open and close what is due; whether anything was done, so that more may be waiting.

    An opening that failed rests for `RETRY_SECONDS` where the caller remembers it.
    """
    is_opened = _open_due(units, {} if resting is None else resting)
    with units.begin(Reach.EXCHANGE) as uow:
        trying = due_to_try(uow.session, at=uow.now, limit=STEP_MAX)
    done = [_try(units, licence_id, number) for licence_id, number in trying]
    return is_opened or any(done)


def _open_due(units: UnitOfWorkFactory, resting: Resting) -> bool:
    """Open the oldest that are due, past those that cannot be: they stay due until they can."""
    after = None
    now = units.clock.now()
    for licence_id in [each for each, until_at in resting.items() if until_at <= now]:
        del resting[licence_id]
    while True:
        with units.begin(Reach.EXCHANGE) as uow:
            opens_by = uow.now + timedelta(seconds=LEAD_SECONDS)
            due = due_to_open(uow.session, at=opens_by, after=after, limit=STEP_MAX)
        awake = [licence_id for _, licence_id in due if licence_id not in resting]
        done = [_open_next(units, licence_id, resting) for licence_id in awake]
        if any(done) or len(due) < STEP_MAX:
            return any(done)
        after = due[-1]


def _open_next(units: UnitOfWorkFactory, licence_id: str, resting: Resting) -> bool:
    try:
        return _open_or_note(units, licence_id)
    except Exception as error:
        if was_away(error):
            raise
        # Tried again after its rest; other licences must not wait for this one.
        _log.exception("period not opened", licence_id=licence_id)
        resting[licence_id] = units.clock.now() + timedelta(seconds=periods.RETRY_SECONDS)
        return False


def _open_or_note(units: UnitOfWorkFactory, licence_id: str) -> bool:
    def begin(uow: UnitOfWork, entitlement: Entitlement) -> bool:
        if not _is_due(uow, entitlement):
            return False
        periods.begin_next_period(uow, entitlement)
        return True

    def note(uow: UnitOfWork, entitlement: Entitlement) -> bool:
        if _is_due(uow, entitlement):
            periods.note_unpaid(uow, entitlement)
        return True

    for _ in range(OPENINGS_MAX):
        try:
            return _in_unit(units, licence_id, begin)
        except CounterfoilError as error:
            if error.kind is not ErrorKind.PAYMENT_REQUIRED:
                raise
    return _in_unit(units, licence_id, note)


def _is_due(uow: UnitOfWork, entitlement: Entitlement) -> bool:
    opens_by = uow.now + timedelta(seconds=LEAD_SECONDS)
    due_at = entitlement.next_period_at
    return due_at is not None and due_at <= opens_by


def _try(units: UnitOfWorkFactory, licence_id: str, number: int) -> bool:
    """Have an unpaid period paid, or close one that is over; else look again later."""

    def look(uow: UnitOfWork, entitlement: Entitlement) -> bool:
        period = uow.session.get(LicencePeriod, (licence_id, number))
        if period is None or period.try_at > uow.now:
            return False
        return _move_on(uow, entitlement, period)

    def postpone(uow: UnitOfWork, _entitlement: Entitlement) -> bool:
        period = uow.session.get(LicencePeriod, (licence_id, number))
        if period is not None:
            period.try_at = uow.now + timedelta(seconds=periods.RETRY_SECONDS)
        return False

    try:
        return _in_unit(units, licence_id, look)
    except CounterfoilError as error:
        # The journal's refusals, such as an empty wallet, are facts; they may have changed later.
        _log.info("period waits", licence_id=licence_id, period=number, slug=error.slug)
        return _in_unit(units, licence_id, postpone)
    except Exception as error:
        if was_away(error):
            raise
        # Our fault, and this licence's alone: those behind it must not wait for its mending.
        _log.exception("period not closed", licence_id=licence_id, period=number)
        return _in_unit(units, licence_id, postpone)


def _move_on(uow: UnitOfWork, entitlement: Entitlement, period: LicencePeriod) -> bool:
    if period.state == "unpaid":
        periods.pay_period(uow, entitlement, period)
        return True
    if period.state == "open" and close_period(uow, entitlement, period):
        return True
    period.try_at = uow.now + timedelta(seconds=LEASES_SECONDS)
    return False


def _in_unit(
    units: UnitOfWorkFactory, licence_id: str, action: Callable[[UnitOfWork, Entitlement], bool]
) -> bool:
    with units.begin(Reach.EXCHANGE) as uow:
        entitlement = periods.lock_entitlement(uow.session, licence_id)
        if entitlement is None:
            return False
        is_done = action(uow, entitlement)
        uow.commit()
        return is_done
