"""Live quality: calls and failures are the metering's, how they compare is compliance's."""

from sqlalchemy import Row, text

from app.core.unit_of_work import UnitOfWork
from app.reactions.lane_round import LaneRound
from compliance.live import services as live
from metering.delivery.answer_time_models import sum_times
from metering.delivery.failure_models import sum_failures
from metering.queries import count_answers

LANES_MAX, CALLS_MAX = 20, 20_000

DUE = text(
    """
    SELECT l.lane_id, l.sequence FROM lanes l
    LEFT JOIN live_quality_cursors c ON c.lane_id = l.lane_id
    WHERE l.sequence > coalesce(c.counted_n, 0)
    ORDER BY l.lane_id <= :after, l.lane_id LIMIT :lanes
    """
)


def measure_live_quality(uow: UnitOfWork, lane_round: LaneRound) -> int:
    """Count a bounded stretch of calls, and judge each listing concerned; lanes counted.

    Needs the exchange's reach. A lane that another worker counts is left to it.
    """
    due = uow.session.execute(DUE, {"lanes": LANES_MAX, "after": lane_round.after}).all()
    lane_round.go_on(due)
    touched: set[str] = set()
    counted = [_count_lane(uow, lane, touched) for lane in due]
    failures = [live.Failures(*each) for each in sum_failures(uow.session, uow.now)]
    live.note_failures(uow, failures)
    times = [live.Times(**vars(each)) for each in sum_times(uow.session, uow.now)]
    live.note_times(uow, times)
    touched |= {each.listing_code for each in failures} | {each.listing_code for each in times}
    for listing_code in sorted(touched):
        live.check_drift(uow, listing_code)
    return sum(counted)


def _count_lane(uow: UnitOfWork, lane: Row[tuple[str, int]], touched: set[str]) -> bool:
    counted = live.lock_lane(uow, lane_id=lane.lane_id)
    if counted is None or counted >= lane.sequence:
        return False
    until = min(lane.sequence, counted + CALLS_MAX)
    found = count_answers(uow.session, lane.lane_id, after_n=counted, until_n=until)
    answers = [live.Answers(*each) for each in found]
    live.note_answers(uow, lane_id=lane.lane_id, until_n=until, answers=answers)
    touched |= {each.listing_code for each in answers}
    return True
