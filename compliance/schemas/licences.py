"""Shapes of listings' standing, scenarios and licences."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.web.paging import PageQuerySchema
from app.web.schemas import Integer, Schema, Text, Timestamp
from compliance.review.listing_machine import (
    LICENCE_REVOCATIONS,
    LISTING_REVOCATIONS,
    SuspensionReason,
    SuspensionScope,
)
from compliance.review.scenario_machine import LicenceState, ScenarioDecision, ScenarioState
from compliance.schemas.reviews import REASON_MAX, one_of
from compliance.terms.purposes import CODES
from compliance.terms.regions import is_region
from compliance.terms.retention import is_retention

FIELDS_MAX = 200
CALLS_MAX = 10**12
CALLS_PER_SECOND_MAX = 10_000
HUMAN_SUSPENSIONS = (
    SuspensionReason.COMPLAINT,
    SuspensionReason.QUALITY,
    SuspensionReason.SECURITY_INCIDENT,
    SuspensionReason.RIGHTS_DISPUTE,
    SuspensionReason.REGULATOR_ORDER,
)


def _different(values: list[str]) -> None:
    if len(set(values)) != len(values):
        msg = "A value stands twice."
        raise ValidationError(msg)


def _purposes() -> fields.List[str]:
    code = fields.String(validate=validate.OneOf(sorted(CODES)))
    return fields.List(code, validate=[validate.Length(min=1, max=len(CODES)), _different])


def _regions(**kwargs: Any) -> fields.List[str]:
    region = fields.String(validate=_demand_region)
    return fields.List(region, validate=[validate.Length(min=1, max=50), _different], **kwargs)


def _demand_region(code: str) -> None:
    if not is_region(code):
        msg = "WORLD, a country by ISO 3166-1 or a GB/T 2260 code."
        raise ValidationError(msg)


def _demand_retention(text: str) -> None:
    if not is_retention(text):
        msg = "NO_CACHE, FIXED:<days>, CONTRACT_TERM or UNLIMITED."
        raise ValidationError(msg)


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
    state = fields.String()
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
    scope = fields.String()
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
    state = fields.String()
    suspension_scope = fields.String(allow_none=True)
    reason_code = fields.String(allow_none=True)
    delists_at = Timestamp(allow_none=True)
    evidence_lapses_at = Timestamp(allow_none=True)
    changed_at = Timestamp()


class NeededFieldSchema(Schema):
    """An output field that the buyer needs, and what for."""

    name = Text(max=63, required=True)
    reason = Text(max=300, required=True)


class ScenarioEvidenceSchema(Schema):
    """A document behind a declared use, by its hash."""

    title = Text(max=100, required=True)
    sha256 = fields.String(
        required=True,
        validate=validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 hexadecimal digits."),
    )


class SubmitScenarioSchema(Schema):
    """A declared use: problem, solution, purpose, fields, volume, period, place, recipients."""

    listing_code = Text(max=30, required=True)
    sector = Text(max=40, required=True)
    problem = Text(max=2_000, required=True)
    solution = Text(max=2_000, required=True)
    purpose = fields.String(required=True, validate=validate.OneOf(sorted(CODES)))
    purpose_text = Text(max=1_000, required=True)
    # "fields" would hide marshmallow's own attribute of that name.
    fields_needed = fields.List(
        fields.Nested(NeededFieldSchema),
        data_key="fields",
        attribute="fields",
        required=True,
        validate=validate.Length(min=1, max=FIELDS_MAX),
    )
    regions = _regions(required=True)
    calls_max = Integer(min=1, max=CALLS_MAX, required=True)
    calls_per_second = Integer(min=1, max=CALLS_PER_SECOND_MAX, required=True)
    starts_at = Timestamp(required=True)
    ends_at = Timestamp(required=True)
    retention = fields.String(required=True, validate=_demand_retention)
    recipients = fields.List(Text(max=100), required=True, validate=validate.Length(max=50))
    prohibited_uses = fields.List(
        Text(max=300), required=True, validate=validate.Length(min=1, max=50)
    )
    application_scene = Text(max=1_000)
    benefit = Text(max=2_000)
    business_process = Text(max=300)
    is_automated_decision = fields.Boolean()
    qualifications = fields.List(
        fields.String(validate=validate.Regexp(r"\A[A-Z][A-Z_]{1,39}\Z", error="Not a code.")),
        validate=[validate.Length(min=1, max=20), _different],
        metadata={"description": "What the buyer is, of the vocabulary user_qualifications"},
    )
    affected_persons = Text(max=500)
    frequency = Text(max=100)
    processors = fields.List(Text(max=100), validate=validate.Length(max=50))
    onward_output = Text(max=1_000)
    legal_basis = Text(max=500)
    consent_flow = Text(max=1_000)
    security_measures = fields.List(Text(max=300), validate=validate.Length(min=1, max=50))
    evidence = fields.List(
        fields.Nested(ScenarioEvidenceSchema), validate=validate.Length(min=1, max=20)
    )

    @validates_schema
    def _check_period(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if data["starts_at"] >= data["ends_at"]:
            msg = "The end is not after the start."
            raise ValidationError(msg, "ends_at")


class NarrowedTermsSchema(Schema):
    """What the reviewer takes away; only members that are named are narrowed."""

    purposes = _purposes()
    fields_kept = fields.List(
        Text(max=63),
        data_key="fields",
        attribute="fields",
        validate=validate.Length(min=1, max=FIELDS_MAX),
    )
    regions = _regions()
    calls_max = Integer(min=1, max=CALLS_MAX)
    calls_per_second = Integer(min=1, max=CALLS_PER_SECOND_MAX)
    starts_at = Timestamp()
    ends_at = Timestamp()
    retention = fields.String(validate=_demand_retention)


class NarrowScenarioSchema(Schema):
    """What is taken away from an approved use, and why."""

    reason = Text(max=REASON_MAX, required=True)
    narrowed = fields.Nested(NarrowedTermsSchema, required=True)


class NarrowChainSchema(Schema):
    """What a link of the chain of rights lost; without ``narrowed`` all of it ended."""

    link = Integer(max=100, required=True, metadata={"description": "its place, from 0"})
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


class DecideScenarioSchema(Schema):
    """A reviewer's decision on a scenario."""

    decision = fields.String(required=True, validate=one_of(ScenarioDecision))
    reason = Text(max=REASON_MAX, required=True)
    narrowed = fields.Nested(NarrowedTermsSchema)


class ScenarioSchema(Schema):
    """A scenario and what was approved of it."""

    id = fields.String()
    buyer_id = fields.String()
    supplier_id = fields.String()
    listing_code = fields.String()
    state = fields.String()
    content = fields.Dict(keys=fields.String())
    scenario_hash = fields.String()
    terms = fields.Dict(keys=fields.String(), allow_none=True)
    valid_from = Timestamp(allow_none=True)
    valid_until = Timestamp(allow_none=True)
    submitted_at = Timestamp()
    decided_at = Timestamp(allow_none=True)
    reason = fields.String(allow_none=True)
    withdrawn_at = Timestamp(allow_none=True)
    risk_score = fields.Integer(allow_none=True)
    risk_factors = fields.Dict(keys=fields.String(), values=fields.Integer())
    needs_two = fields.Boolean()
    first_approved_at = Timestamp(allow_none=True)


class ScenarioQuerySchema(PageQuerySchema):
    """Filters of scenarios."""

    state = fields.String(load_default=None, validate=one_of(ScenarioState))
    listing_code = fields.String(load_default=None, validate=validate.Length(min=1, max=30))


class RevokeLicenceSchema(Schema):
    """Why the licence ends before its term."""

    reason_code = fields.String(required=True, validate=one_of(LICENCE_REVOCATIONS))


class LicenceSchema(Schema):
    """A licence: whole terms, and which half of them the exchange enforces."""

    id = fields.String()
    order_id = fields.String()
    agreement_id = fields.String()
    agreement_hash = fields.String()
    buyer_id = fields.String()
    supplier_id = fields.String()
    listing_code = fields.String()
    version_id = fields.String()
    dossier_hash = fields.String()
    scenario_id = fields.String()
    terms = fields.Dict(keys=fields.String())
    terms_hash = fields.String()
    enforced = fields.Dict(keys=fields.String())
    promised = fields.Dict(keys=fields.String())
    enforcement_reasons = fields.Dict(keys=fields.String(), values=fields.String())
    plan_id = fields.String()
    plan_hash = fields.String()
    plan_terms = fields.Dict(keys=fields.String())
    currency = fields.String()
    starts_at = Timestamp()
    ends_at = Timestamp()
    state = fields.String()
    issued_at = Timestamp()
    ended_at = Timestamp(allow_none=True)
    reason_code = fields.String(allow_none=True)
    narrowings = fields.List(fields.Dict(keys=fields.String()))


class LicenceQuerySchema(PageQuerySchema):
    """Filters of licences."""

    state = fields.String(load_default=None, validate=one_of(LicenceState))
    listing_code = fields.String(load_default=None, validate=validate.Length(min=1, max=30))
