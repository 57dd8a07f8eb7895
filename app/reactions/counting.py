"""Records of persons delivered: calls are the metering's, what they concern is compliance's."""

from typing import Any

from sqlalchemy import Row, text

from app.core.unit_of_work import UnitOfWork
from app.reactions.lane_round import LaneRound
from compliance.rules.person_thresholds import PERSONAL_LEVELS
from compliance.services import persons
from metering.queries import count_delivered

LANES_MAX, CALLS_MAX = 20, 20_000

DUE = text(
    """
    SELECT l.lane_id, l.licence_id, l.sequence, d.dossier
    FROM lanes l JOIN licences i ON i.id = l.licence_id
    JOIN LATERAL (
        SELECT c.dossier FROM review_cases c
        WHERE c.version_id = i.version_id AND c.dossier_hash = i.dossier_hash LIMIT 1
    ) d ON d.dossier->>'pi_level' = ANY (:levels)
    LEFT JOIN person_count_cursors p ON p.lane_id = l.lane_id
    WHERE l.sequence > coalesce(p.counted_n, 0)
    ORDER BY l.lane_id <= :after, l.lane_id LIMIT :lanes
    """
)


def count_persons(uow: UnitOfWork, lane_round: LaneRound) -> int:
    """Count a bounded stretch of calls under licences for personal information; lanes counted.

    Needs the exchange's reach. A lane that another worker counts is left to it.
    """
    wanted = {"levels": list(PERSONAL_LEVELS), "lanes": LANES_MAX, "after": lane_round.after}
    due = uow.session.execute(DUE, wanted).all()
    lane_round.go_on(due)
    return sum(_count_lane(uow, lane) for lane in due)


def _count_lane(uow: UnitOfWork, lane: Row[Any]) -> bool:
    counted = persons.lock_lane(uow, lane_id=lane.lane_id, licence_id=lane.licence_id)
    if counted is None or counted >= lane.sequence:
        return False
    until = min(lane.sequence, counted + CALLS_MAX)
    delivered = count_delivered(uow.session, lane.lane_id, after_n=counted, until_n=until)
    persons.note_delivered(
        uow,
        lane_id=lane.lane_id,
        licence_id=lane.licence_id,
        dossier=lane.dossier,
        until_n=until,
        delivered=[persons.Delivered(*each) for each in delivered],
    )
    return True
