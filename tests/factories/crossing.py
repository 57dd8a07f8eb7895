"""Two transactions at once in a stated order: the second runs into what the first has not ended."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from app.core.reach import Reach

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def second_runs_into_first(units, first, second):
    """Do ``first``, begin ``second`` beside it, commit the first; what the second came to.

    The second commits by itself. Raises whatever the second raised.
    """
    with ThreadPoolExecutor(1) as beside, units.begin(Reach.EXCHANGE) as uow:
        first(uow)
        uow.session.flush()
        late = beside.submit(_whole, units, second)
        while not late.done() and not _is_waiting(units):
            pass
        uow.commit()
        return late.result(20)


def _whole(units, step):
    with units.begin(Reach.EXCHANGE) as uow:
        result = step(uow)
        uow.commit()
        return result


def _is_waiting(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return bool(uow.session.scalar(_WAITING))
