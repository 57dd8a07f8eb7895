"""Shapes of how listings stand: suspensions, revocations, and what their chain of rights lost."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Integer, Schema, Text, Timestamp
from compliance.review.listing_machine import (
    LISTING_REVOCATIONS,
    ListingState,
    SuspensionReason,
    SuspensionScope,
)
from compliance.review.panels import PanelState
from compliance.schemas.reviews import REASON_MAX, one_of
from compliance.schemas.terms import NarrowedTermsSchema

HUMAN_SUSPENSIONS = (
    SuspensionReason.COMPLAINT,
    SuspensionReason.QUALITY,
    SuspensionReason.SECURITY_INCIDENT,
    SuspensionReason.RIGHTS_DISPUTE,
    SuspensionReason.REGULATOR_ORDER,
)


class SuspendListingSchema(Schema):
    """Why the listing is suspended."""

    reason_code = fields.String(required=True, validate=one_of(HUMAN_SUSPENSIONS))
    scope = fields.String(
        load_default=SuspensionScope.ALL_CALLS.value, validate=one_of(SuspensionScope)
    )


class RevokeListingSchema(Schema):
    """Why the listing is to be ended for good."""

    reason_code = fields.String(required=True, validate=one_of(LISTING_REVOCATIONS))
    reason = Text(max=REASON_MAX, required=True)


class RevocationSchema(Schema):
    """A proposed revocation and the panel that decides it."""

    id = fields.String()
    listing_code = fields.String()
    panel_id = fields.String()
    reason_code = fields.String()
    state = fields.String(validate=one_of(PanelState))
    proposed_by = fields.String()
    proposed_at = Timestamp()
    decided_at = Timestamp(allow_none=True)


class SuspensionQuerySchema(PageQuerySchema):
    """Filters of suspensions."""

    listing_code = Text(max=30, load_default=None)
    is_in_force = fields.Boolean(load_default=None)
    is_overdue = fields.Boolean(load_default=False)


class SuspensionSchema(Schema):
    """A suspension with everybody who had a hand in it."""

    id = fields.String()
    listing_code = fields.String()
    scope = fields.String(validate=one_of(SuspensionScope))
    reason_code = fields.String()
    suspended_by = fields.String()
    suspended_at = Timestamp()
    ratify_until = Timestamp(allow_none=True)
    ratified_by = fields.String(allow_none=True)
    ratified_at = Timestamp(allow_none=True)
    escalated_at = Timestamp(allow_none=True)
    resumption_proposed_by = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True)
    ended_by = fields.String(allow_none=True)
    ended_at = Timestamp(allow_none=True)


class StandingSchema(Schema):
    """How a listing stands."""

    listing_code = fields.String()
    state = fields.String(validate=one_of(ListingState))
    suspension_scope = fields.String(allow_none=True, validate=one_of(SuspensionScope))
    reason_code = fields.String(allow_none=True)
    delists_at = Timestamp(allow_none=True)
    evidence_lapses_at = Timestamp(allow_none=True)
    changed_at = Timestamp()


class NarrowChainSchema(Schema):
    """What a link of the chain of rights lost; without ``narrowed`` all of it ended."""

    link = Integer(max=100, required=True)
    reason = Text(max=REASON_MAX, required=True)
    narrowed = fields.Nested(NarrowedTermsSchema)
    evidence_hash = fields.String(
        validate=validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 hexadecimal digits.")
    )


class NarrowingSchema(Schema):
    """A recorded loss of a link, and whether every licence has been looked at."""

    id = fields.String()
    source = fields.String()
    listing_code = fields.String()
    scenario_id = fields.String(allow_none=True)
    link = fields.Integer(allow_none=True)
    terms = fields.Dict(keys=fields.String())
    is_end = fields.Boolean()
    reason = fields.String()
    evidence_hash = fields.String(allow_none=True)
    recorded_at = Timestamp()
    is_applied = fields.Boolean()
