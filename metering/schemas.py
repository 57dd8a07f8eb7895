"""JSON shapes of metering's routes."""

from typing import Any

from marshmallow import ValidationError, fields, pre_dump, validate, validates_schema

from app.web.paging import NextCursor, PageQuerySchema, PeriodQuerySchema, side_field
from app.web.schemas import AmountText, Identifier, Integer, Schema, Text, Timestamp
from metering.answers.outcomes import ANSWERS
from metering.models import ENTITLEMENT_STATES, PERIOD_STATES, CapScope
from metering.plans.pools import PoolKind
from metering.plans.quotes import WARNINGS

UNITS_MAX = 10**9
"""More units than any plan sells; keeps a quote's amount inside 64 bits for sane prices."""


class EntitlementSchema(Schema):
    """A right to call, with what is left of it. Leased means reserved by a serving process."""

    licence_id = Identifier(required=True)
    listing_code = fields.String(required=True)
    plan_id = Identifier(required=True)
    plan_hash = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(ENTITLEMENT_STATES))
    starts_at = Timestamp(required=True)
    ends_at = Timestamp(required=True)
    currency = fields.String(required=True)
    granted_calls = fields.Integer(required=True, allow_none=True)
    spent_calls = fields.Integer(required=True)
    leased_calls = fields.Integer(required=True)
    granted_units = fields.Integer(required=True, allow_none=True)
    spent_units = fields.Integer(required=True)
    leased_units = fields.Integer(required=True)
    granted_free_units = fields.Integer(required=True)
    spent_free_units = fields.Integer(required=True)
    spent_amount = AmountText(required=True)
    leased_amount = AmountText(required=True)
    cap_amount = AmountText(required=True, allow_none=True)
    remaining_units = fields.Integer(required=True, allow_none=True)
    is_renewing = fields.Boolean(
        required=True,
    )
    renewal_ends_at = Timestamp(required=True, allow_none=True)


class EntitlementQuerySchema(PeriodQuerySchema):
    """Which entitlements; the period is that in which they begin."""

    side = side_field()
    state = fields.String(load_default=None, validate=validate.OneOf(ENTITLEMENT_STATES))
    listing_code = Text(load_default=None, max=64)
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)


class RenewalSchema(Schema):
    """Whether another period shall follow the one that is paid."""

    is_renewing = fields.Boolean(required=True)


class PeriodSchema(Schema):
    """A period of the licence; its sums are there once it is closed."""

    period = fields.Integer(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(PERIOD_STATES),
    )
    from_at = Timestamp(required=True)
    until_at = Timestamp(required=True)
    fee_amount = AmountText(required=True)
    units = fields.Integer(required=True, allow_none=True)
    free_units = fields.Integer(required=True, allow_none=True)
    charged_amount = AmountText(required=True, allow_none=True)
    total_amount = AmountText(required=True, allow_none=True)
    minimum_amount = AmountText(required=True, allow_none=True)
    returned_amount = AmountText(
        required=True,
    )


class GrantedPeriodSchema(PeriodSchema):
    """A period with what its fee or price included and what of it rolled over."""

    currency = fields.String(required=True)
    opened_at = Timestamp(required=True, allow_none=True)
    closed_at = Timestamp(required=True, allow_none=True)
    granted_units = fields.Integer(required=True, allow_none=True)
    rolled_in_units = fields.Integer(required=True)
    rolled_over_units = fields.Integer(required=True, allow_none=True)

    @pre_dump
    def _flatten(self, granted: Any, **_: Any) -> dict[str, Any]:
        own = {name: getattr(granted.period, name) for name in _OF_THE_PERIOD}
        return own | {name: getattr(granted, name) for name in _OF_THE_GRANT}


_OF_THE_GRANT = ("currency", "granted_units", "rolled_in_units", "rolled_over_units")
_OF_THE_PERIOD = (*PeriodSchema().fields, "opened_at", "closed_at")


class PoolSchema(Schema):
    """Units at one price; pools are used in their order, free ones first."""

    period = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([*PoolKind]))
    unit_price = AmountText(required=True)
    granted_units = fields.Integer(required=True, allow_none=True)
    spent_units = fields.Integer(required=True)
    leased_units = fields.Integer(required=True)
    remaining_units = fields.Integer(required=True, allow_none=True)
    until_at = Timestamp(required=True)


class EntitlementDetailSchema(EntitlementSchema):
    """An entitlement with its present period and pools."""

    period = fields.Nested(PeriodSchema, required=True, allow_none=True)
    pools = fields.List(fields.Nested(PoolSchema), required=True)

    @pre_dump
    def _flatten(self, detail: Any, **_: Any) -> dict[str, Any]:
        own = {name: getattr(detail.entitlement, name) for name in EntitlementSchema().fields}
        return own | {"period": detail.period, "pools": detail.pools}


class CapCommandSchema(Schema):
    """The most that may be spent on calls."""

    cap_amount = AmountText(required=True)


class CapSchema(Schema):
    """A spending cap; leased is reserved by a serving process and comes back if it is not used."""

    scope = fields.String(required=True, validate=validate.OneOf([*CapScope]))
    key_id = fields.String(required=True, allow_none=True)
    cap_amount = AmountText(required=True)
    spent_amount = AmountText(required=True)
    leased_amount = AmountText(required=True)
    remaining_amount = AmountText(required=True)
    opens_at = Timestamp(required=True, allow_none=True)


class CapsSchema(Schema):
    """Every cap of a licence."""

    items = fields.List(fields.Nested(CapSchema), required=True)


_ANSWER = validate.OneOf(sorted(kind.value for kind in ANSWERS))


class UsageEventSchema(Schema):
    """One recorded call; the receipt is at /v1/receipts/<licence>/<lane>/<n>."""

    id = Identifier(required=True, attribute="event_id")
    licence_id = Identifier(required=True)
    listing_code = fields.String(required=True)
    lane = fields.Integer(required=True)
    lane_id = Identifier(required=True)
    n = fields.Integer(required=True)
    key_id = fields.String(required=True)
    outcome = fields.String(required=True, validate=_ANSWER)
    units = fields.Integer(required=True)
    free_units = fields.Integer(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    occurred_at = Timestamp(required=True)
    leaf_hash = fields.Function(lambda event: event.leaf_hash.hex(), metadata={"type": "string"})


class UsageQuerySchema(PeriodQuerySchema):
    """Which usage events, of which time."""

    licence_id = Identifier(load_default=None)
    listing_code = Text(load_default=None, max=64)
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)
    key_id = Identifier(load_default=None)
    outcome = fields.String(load_default=None, validate=_ANSWER)


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
