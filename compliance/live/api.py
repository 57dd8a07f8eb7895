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


class LiveCountsSchema(Schema):
    """Calls that reached the supplier, and how they ended; the exchange's refusals are not here."""

    calls_count = Integer()
    answered_count = Integer()
    hit_count = Integer()
    mismatch_count = Integer()
    failed_count = Integer()
    available_share = fields.String(allow_none=True)
    schema_valid_share = fields.String(allow_none=True)
    hit_share = fields.String(allow_none=True)
    timed_count = Integer()
    latency_p50_ms = Integer(allow_none=True)
    latency_p95_ms = Integer(allow_none=True)
    dated_count = Integer()
    lag_p50_seconds = Integer(allow_none=True)
    lag_p95_seconds = Integer(allow_none=True)
    newest_event_at = Timestamp(allow_none=True)
    updates_count = Integer()


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
    is_idle = fields.Boolean()
    drifts = fields.List(fields.String())
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
