"""Shapes of prices that differ under the same conditions."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Schema, Text, Timestamp
from compliance.review.price_alarms import PriceAlarmState, PriceDecision, grounds
from compliance.schemas.reviews import REASON_MAX, one_of


class PriceAlarmQuerySchema(PageQuerySchema):
    """Filters of the alarms."""

    state = fields.String(load_default=None, validate=one_of(PriceAlarmState))
    listing_code = fields.String(load_default=None, validate=validate.Length(min=1, max=30))
    supplier_id = fields.String(load_default=None, validate=validate.Length(min=1, max=40))
    is_overdue = fields.Boolean(
        load_default=False,
    )


class PriceAlarmSchema(Schema):
    """A licence at a price that other buyers of the same version do not have, and why."""

    id = fields.String()
    licence_id = fields.String()
    listing_code = fields.String()
    supplier_id = fields.String()
    plan_hash = fields.String()
    other_plan_hashes = fields.List(fields.String())
    rule_set_hash = fields.String()
    state = fields.String(validate=one_of(PriceAlarmState))
    raised_at = Timestamp()
    due_at = Timestamp()
    escalated_at = Timestamp(allow_none=True)
    decision_due_at = Timestamp(allow_none=True)
    decision_escalated_at = Timestamp(allow_none=True)
    ground = fields.String(allow_none=True)
    explanation = fields.String(allow_none=True)
    explained_at = Timestamp(allow_none=True)
    reason = fields.String(allow_none=True)
    decided_at = Timestamp(allow_none=True)


class ExplainPriceSchema(Schema):
    """The supplier's reason for another price."""

    ground = fields.String(required=True, validate=one_of(sorted(grounds())))
    explanation = Text(max=REASON_MAX, required=True)


class DecidePriceSchema(Schema):
    """What the exchange makes of it."""

    decision = fields.String(required=True, validate=one_of(PriceDecision))
    reason = Text(max=REASON_MAX, required=True)


class PriceGroundSchema(Schema):
    """What may justify another price."""

    code = fields.String()
    en = fields.String()
    zh = fields.String()


class PriceGroundListSchema(Schema):
    """The grounds in force."""

    version = fields.Integer()
    source = fields.String()
    owner = fields.String()
    confirmed = fields.Boolean()
    explain_working_days = fields.Integer()
    decide_working_days = fields.Integer()
    items = fields.List(fields.Nested(PriceGroundSchema), attribute="grounds")
