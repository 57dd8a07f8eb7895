"""JSON shapes of quotes, and of usage priced again under another plan."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.web.paging import NextCursor, PageQuerySchema
from app.web.schemas import AmountText, Identifier, Integer, Schema, Text, Timestamp
from metering.plans.quotes import WARNINGS

UNITS_MAX = 10**9
"""More units than any plan sells; keeps a quote's amount inside 64 bits for sane prices."""
EMPTY_RANGE = "The range ends after it begins."
PERIODS_MAX = 120


def _exactly_one(data: dict[str, Any], name: str, other: str) -> None:
    if (data[name] is None) == (data[other] is None):
        message = f"Give exactly one of {name} and {other}."
        raise ValidationError(message, name)


class QuoteRequestSchema(Schema):
    """A plan, or a licence as it stands, and how many units: in one period, or in each of several.

    Exactly one of ``plan_id`` and ``licence_id``, exactly one of ``units`` and ``period_units``;
    a licence is quoted for its present period only. ``until`` is where an order's scenario
    ends, without it that of the buyer's scenario for the listing that lasts longest: the quote of
    a plan warns of what outlasts it. For a licence ``until`` is the day until which the units are
    wanted: its quote warns of a day behind the licence's end.
    """

    plan_id = Identifier(load_default=None)
    licence_id = Identifier(load_default=None)
    units = Integer(load_default=None, min=1, max=UNITS_MAX)
    until_at = Timestamp(data_key="until", load_default=None)
    period_units = fields.List(
        Integer(max=UNITS_MAX), load_default=None, validate=validate.Length(1, PERIODS_MAX)
    )

    @validates_schema
    def _one_of_each(self, data: dict[str, Any], **_: Any) -> None:
        _exactly_one(data, "plan_id", "licence_id")
        _exactly_one(data, "units", "period_units")
        if data["licence_id"] is not None:
            _exactly_one(data | {"period_units": None}, "units", "period_units")


class QuotedPeriodSchema(Schema):
    """One period of a quote."""

    period = fields.Integer(required=True, attribute="span.number")
    units = fields.Integer(required=True)
    free_units = fields.Integer(required=True)
    refused_units = fields.Integer(required=True)
    usage_amount = AmountText(required=True)
    fee_amount = AmountText(required=True)
    minimum_amount = AmountText(required=True)
    total_amount = AmountText(required=True)


class QuoteWarningSchema(Schema):
    """What a buyer should know before it pays; nothing is refused."""

    code = fields.String(required=True, validate=validate.OneOf(WARNINGS))
    paid_until = Timestamp(required=True, allow_none=True)
    usable_until = Timestamp(required=True, allow_none=True)


class QuoteSchema(Schema):
    """What the units would cost: at the order, by the call, by the period."""

    plan_id = Identifier(required=True)
    plan_hash = fields.String(required=True)
    units = fields.Integer(required=True)
    free_units = fields.Integer(required=True)
    refused_units = fields.Integer(required=True)
    packages = fields.Integer(required=True)
    order_amount = AmountText(required=True)
    usage_amount = AmountText(required=True)
    fee_amount = AmountText(required=True)
    minimum_amount = AmountText(required=True)
    total_amount = AmountText(required=True)
    currency = fields.String(required=True)
    periods = fields.List(fields.Nested(QuotedPeriodSchema), required=True)
    warnings = fields.List(fields.Nested(QuoteWarningSchema), required=True)


class PlanReplayRequestSchema(PageQuerySchema):
    """Whose usage, of which time (``from`` included, ``until`` not), under which plan.

    Exactly one of ``licence_id`` and ``listing_code``; exactly one of ``plan_id`` and ``plan``,
    the terms of a plan that need not be published. ``cursor`` and ``limit`` page the licences.
    """

    licence_id = Identifier(load_default=None)
    listing_code = Text(load_default=None, max=64)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    plan_id = Identifier(load_default=None)
    plan = fields.Dict(keys=fields.String(), load_default=None)

    @validates_schema
    def _one_of_each(self, data: dict[str, Any], **_: Any) -> None:
        _exactly_one(data, "licence_id", "listing_code")
        _exactly_one(data, "plan_id", "plan")
        if data["from_at"] >= data["until_at"]:
            raise ValidationError(EMPTY_RANGE, "until")


class ReplayedPeriodSchema(Schema):
    """A period of the plan that was tried, with what was charged and what it would have been."""

    licence_id = Identifier(required=True)
    period = fields.Integer(required=True)
    from_at = Timestamp(required=True)
    until_at = Timestamp(required=True)
    units = fields.Integer(required=True)
    free_units = fields.Integer(required=True)
    refused_units = fields.Integer(required=True)
    charged_amount = AmountText(required=True)
    replayed_amount = AmountText(required=True)
    difference_amount = AmountText(required=True, negative=True)


class PlanReplaySchema(Schema):
    """Periods of one page of licences, and their sums."""

    items = fields.List(fields.Nested(ReplayedPeriodSchema), required=True)
    charged_amount = AmountText(required=True)
    replayed_amount = AmountText(required=True)
    difference_amount = AmountText(required=True, negative=True)
    currency = fields.String(required=True)
    next_cursor = NextCursor(required=True, allow_none=True)
