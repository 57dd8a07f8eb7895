"""Domain event -> log entry: every event becomes evidence, or is excused by name.

Nothing personal, no organisation's name, no payload and no price per buyer enters a leaf: a field
is named in the tables only if it is an opaque id, a hash, a code, a count or a time.
"""

from datetime import datetime

from app.core.clock import iso_instant
from app.core.events import Event
from app.core.unit_of_work import Reaction, UnitOfWork
from app.reactions.recorded import Recorded
from app.reactions.recorded_money import RECORDED_MONEY, UNRECORDED_MONEY
from app.reactions.recorded_reviews import RECORDED_REVIEWS, UNRECORDED_REVIEWS
from app.reactions.recorded_trade import RECORDED_TRADE, UNRECORDED_TRADE
from ledger.log.services import append_entry

Leaf = str | int | list[str] | dict[str, str]

RECORDED: dict[type[Event], Recorded] = {**RECORDED_TRADE, **RECORDED_REVIEWS, **RECORDED_MONEY}
UNRECORDED: dict[type[Event], str] = {
    **UNRECORDED_TRADE,
    **UNRECORDED_REVIEWS,
    **UNRECORDED_MONEY,
}


def _leaf_value(value: object) -> Leaf:
    if isinstance(value, datetime):
        return iso_instant(value)
    if isinstance(value, tuple | list):
        return [str(item) for item in value]
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items()}
    return value if isinstance(value, int) else str(value)


def _recorder(recorded: Recorded) -> Reaction:
    def record(uow: UnitOfWork, event: Event) -> None:
        given = [name for name in recorded.optional if getattr(event, name) is not None]
        body = {
            name.removesuffix("_id"): _leaf_value(getattr(event, name))
            for name in (*recorded.fields, *given)
        }
        body |= {name: str(getattr(event, name)) for name in recorded.amounts}
        subjects = tuple(str(value) for value in body.values() if isinstance(value, str))
        append_entry(
            uow,
            recorded.entry_type,
            body,
            licence_id=getattr(event, "licence_id", None),
            subjects=subjects,
        )

    return record


WRITTEN_ELSEWHERE = frozenset(
    {"call", "lane_opened", "log_key", "log_key_retired", "shard_closed", "shard_opened"}
)
"""Types of the data plane's leaves, and of what the log says of itself."""


def entry_types() -> frozenset[str]:
    """Every type that an entry of the log can have."""
    return WRITTEN_ELSEWHERE | {recorded.entry_type for recorded in RECORDED.values()}


RECORDERS: dict[type[Event], Reaction] = {
    event: _recorder(recorded) for event, recorded in RECORDED.items()
}
