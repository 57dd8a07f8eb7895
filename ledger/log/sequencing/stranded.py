"""Entries above the last checkpoint of an ended shard: they wait for a place once more."""

from sqlalchemy import text
from sqlalchemy.orm import Session

_WAIT_AGAIN = (
    "INSERT INTO log_waiting (arrival, licence_id, lane, n)"
    " SELECT arrival, CASE WHEN lane IS NOT NULL THEN licence_id END, lane, n"
    " FROM log_positions JOIN log_entries USING (arrival)"
    " WHERE shard = :shard AND index >= :size"
    " AND entry_type NOT IN ('shard_opened', 'shard_closed')"
)
_LANES_BACK = (
    "WITH back AS (SELECT licence_id, lane, min(n) AS n"
    " FROM log_positions JOIN log_entries USING (arrival)"
    " WHERE shard = :shard AND index >= :size AND lane IS NOT NULL GROUP BY 1, 2) "
)
_SET_BACK = (
    "UPDATE lane_positions l SET n = e.n, shard = p.shard, index = p.index"
    " FROM back JOIN log_entries e ON (e.licence_id, e.lane, e.n)"
    " = (back.licence_id, back.lane, back.n - 1)"
    " JOIN log_positions p USING (arrival)"
    " WHERE (l.licence_id, l.lane) = (back.licence_id, back.lane)"
)
_UNOPENED = (
    "DELETE FROM lane_positions l USING back"
    " WHERE (l.licence_id, l.lane) = (back.licence_id, back.lane) AND back.n = 0"
)


def take_back(session: Session, shard: int, size: int) -> None:
    """Let entries that stand above a size of an ended shard wait for a place once more.

    The shard's own first and last leaf stay where they are. Lanes stand again where they stood.
    """
    arguments = {"shard": shard, "size": size}
    for statement in (_WAIT_AGAIN, _LANES_BACK + _SET_BACK, _LANES_BACK + _UNOPENED):
        session.execute(text(statement), arguments)
