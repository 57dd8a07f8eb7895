"""Shapes of scenarios: declared by buyers, decided and narrowed by the exchange."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.web.paging import PageQuerySchema
from app.web.schemas import Integer, Schema, Text, Timestamp, demand_different
from compliance.review.scenario_machine import ScenarioDecision, ScenarioState
from compliance.review.scenario_risk import Depth
from compliance.schemas.reviews import REASON_MAX, TakeCaseSchema, one_of
from compliance.schemas.terms import (
    CALLS_MAX,
    CALLS_PER_SECOND_MAX,
    FIELDS_MAX,
    NarrowedTermsSchema,
    demand_retention,
    regions_of,
)
from compliance.terms.purposes import CODES


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
    regions = regions_of(required=True)
    calls_max = Integer(min=1, max=CALLS_MAX, required=True)
    calls_per_second = Integer(min=1, max=CALLS_PER_SECOND_MAX, required=True)
    starts_at = Timestamp(required=True)
    ends_at = Timestamp(required=True)
    retention = fields.String(required=True, validate=demand_retention)
    recipients = fields.List(Text(max=100), required=True, validate=validate.Length(max=50))
    prohibited_uses = fields.List(
        Text(max=300), required=True, validate=validate.Length(min=1, max=50)
    )
    application_scene = Text(max=1_000)
    benefit = Text(max=2_000)
    replication_value = Text(max=1_000)
    business_process = Text(max=300)
    is_automated_decision = fields.Boolean()
    qualifications = fields.List(
        fields.String(validate=validate.Regexp(r"\A[A-Z][A-Z_]{1,39}\Z", error="Not a code.")),
        validate=[validate.Length(min=1, max=20), demand_different],
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
        is_whole = {"starts_at", "ends_at"} <= data.keys()
        if is_whole and data["starts_at"] >= data["ends_at"]:
            msg = "The end is not after the start."
            raise ValidationError(msg, "ends_at")


class NarrowScenarioSchema(Schema):
    """What is taken away from an approved use, and why."""

    reason = Text(max=REASON_MAX, required=True)
    narrowed = fields.Nested(NarrowedTermsSchema, required=True)


class DecideScenarioSchema(TakeCaseSchema):
    """A reviewer's conflict declaration and decision on a scenario."""

    decision = fields.String(required=True, validate=one_of(ScenarioDecision))
    reason = Text(max=REASON_MAX, required=True)
    narrowed = fields.Nested(NarrowedTermsSchema)


class ScenarioSchema(Schema):
    """A scenario and what was approved of it."""

    id = fields.String()
    buyer_id = fields.String()
    supplier_id = fields.String()
    listing_code = fields.String()
    product_version_id = fields.String(allow_none=True)
    version = fields.Integer()
    state = fields.String(validate=one_of(ScenarioState))
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
    risk_table = fields.Integer(allow_none=True)
    depth = fields.String(validate=one_of(Depth))
    needs_two = fields.Boolean()
    needs_panel = fields.Boolean()
    panel_id = fields.String(allow_none=True)
    first_approved_at = Timestamp(allow_none=True)
    stage_since_at = Timestamp()
    due_at = Timestamp(allow_none=True)
    escalated_at = Timestamp(allow_none=True)


class ScenarioQuerySchema(PageQuerySchema):
    """Filters and orders of scenarios."""

    state = fields.String(load_default=None, validate=one_of(ScenarioState))
    listing_code = fields.String(load_default=None, validate=validate.Length(min=1, max=30))
    is_overdue = fields.Boolean(load_default=None)
    is_for_me = fields.Boolean(
        load_default=False,
    )
    order = fields.String(load_default="newest", validate=validate.OneOf(("newest", "due")))
