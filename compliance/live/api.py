"""The route of live quality: what a listing delivers, for everybody."""

from typing import Any

from marshmallow import fields

from app.web.access import public
from app.web.blueprints import Blueprint
from app.web.context import unit_of_work
from app.web.schemas import Integer, Schema, Timestamp
from compliance.live import queries

blueprint = Blueprint(
    "live-quality",
    __name__,
    url_prefix="/v1",
    description="Live quality: what listings deliver, counted by day from metered calls.",
)

_SHARE = {"description": "Of the calls or answers, six decimals; null where there were none"}

_TIME = {"description": "From the question to the supplier's whole answer; at most 1/8 too large"}
_AGE = {"description": "How old an answer's newest event was when it came; at most 1/8 too large"}


class LiveCountsSchema(Schema):
    """Calls that reached the supplier, and how they ended; the exchange's refusals are not here."""

    calls_count = Integer()
    answered_count = Integer(metadata={"description": "Answers that fitted the listed fields"})
    hit_count = Integer(metadata={"description": "Of these, such that found something"})
    mismatch_count = Integer(metadata={"description": "Answers that did not fit; free"})
    failed_count = Integer(metadata={"description": "No usable answer at all; free"})
    available_share = fields.String(allow_none=True, metadata=_SHARE)
    schema_valid_share = fields.String(allow_none=True, metadata=_SHARE)
    hit_share = fields.String(allow_none=True, metadata=_SHARE)
    timed_count = Integer(metadata={"description": "Answers whose latency was counted"})
    latency_p50_ms = Integer(allow_none=True, metadata=_TIME)
    latency_p95_ms = Integer(allow_none=True, metadata=_TIME)
    dated_count = Integer(metadata={"description": "Answers with the listing's event_time field"})
    lag_p50_seconds = Integer(allow_none=True, metadata=_AGE)
    lag_p95_seconds = Integer(allow_none=True, metadata=_AGE)
    newest_event_at = Timestamp(allow_none=True)
    updates_count = Integer(
        metadata={"description": "How often the newest event was seen to move on"}
    )


class DeclaredSchema(Schema):
    """What the listed version says of itself, to hold the counts against."""

    availability_bp = Integer(allow_none=True)
    latency_p95_ms = Integer(allow_none=True)
    freshness_seconds = Integer(allow_none=True)
    update_frequency = fields.String(allow_none=True)


class LiveDaySchema(LiveCountsSchema):
    """One day in Shanghai (UTC+8)."""

    day = fields.Date()


class LiveQualitySchema(LiveCountsSchema):
    """The last seven days in sum, and the last thirty one by one."""

    listing_code = fields.String()
    window_days = Integer()
    declared = fields.Nested(DeclaredSchema)
    last_answered_on = fields.Date(allow_none=True)
    is_idle = fields.Boolean(metadata={"description": "Listed for 180 days without an answer"})
    drifts = fields.List(
        fields.String(),
        metadata={"description": "In which ways it is worse than reported or promised"},
    )
    drifted_at = Timestamp(allow_none=True)
    checked_at = Timestamp(allow_none=True)
    days = fields.List(fields.Nested(LiveDaySchema))


@blueprint.route("/listings/<listing_code>/live-quality", methods=["GET"])
@blueprint.response(200, LiveQualitySchema)
@public("what a listing delivers belongs to its page in the catalogue")
def get_live_quality(listing_code: str) -> dict[str, Any]:
    """What a listing delivers, from metered calls, and whether it keeps to report and promise."""
    with unit_of_work() as uow:
        return queries.live_quality(uow, listing_code)
