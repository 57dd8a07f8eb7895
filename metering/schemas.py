"""JSON shapes of metering's routes."""

from typing import Any

from marshmallow import fields, pre_dump, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import AmountText, Identifier, Integer, Schema, Timestamp
from metering.outcomes import ANSWERS

UNITS_MAX = 10**9
"""More units than any plan sells; keeps a quote's amount inside 64 bits for sane prices."""


class EntitlementSchema(Schema):
    """A right to call, with what is left of it. Leased means reserved by a serving process."""

    licence_id = Identifier(required=True)
    listing_code = fields.String(required=True)
    plan_id = Identifier(required=True)
    plan_hash = fields.String(required=True)
    state = fields.String(required=True)
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


class PeriodSchema(Schema):
    """A period of the licence; its sums are there once it is closed."""

    period = fields.Integer(required=True)
    state = fields.String(
        required=True,
        metadata={"description": "open, unpaid (its fee is), closed, or lapsed (never paid)"},
    )
    from_at = Timestamp(required=True)
    until_at = Timestamp(required=True)
    fee_amount = AmountText(required=True)
    units = fields.Integer(required=True, allow_none=True)
    free_units = fields.Integer(required=True, allow_none=True)
    charged_amount = AmountText(required=True, allow_none=True)
    total_amount = AmountText(required=True, allow_none=True)
    minimum_amount = AmountText(required=True, allow_none=True)


class PoolSchema(Schema):
    """Units at one price; pools are used in their order, free ones first."""

    period = fields.Integer(required=True)
    kind = fields.String(required=True)
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

    scope = fields.String(required=True, metadata={"description": "licence, day or key"})
    key_id = fields.String(required=True, allow_none=True)
    cap_amount = AmountText(required=True)
    spent_amount = AmountText(required=True)
    leased_amount = AmountText(required=True)
    remaining_amount = AmountText(required=True)
    opens_at = Timestamp(required=True, allow_none=True)


class CapsSchema(Schema):
    """Every cap of a licence."""

    items = fields.List(fields.Nested(CapSchema), required=True)


class UsageEventSchema(Schema):
    """One recorded call; the receipt is at /v1/receipts/<licence>/<lane>/<n>."""

    event_id = Identifier(required=True)
    licence_id = Identifier(required=True)
    listing_code = fields.String(required=True)
    lane = fields.Integer(required=True)
    n = fields.Integer(required=True)
    key_id = fields.String(required=True)
    outcome = fields.String(required=True)
    units = fields.Integer(required=True)
    free_units = fields.Integer(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    occurred_at = Timestamp(required=True)
    leaf_hash = fields.Function(lambda event: event.leaf_hash.hex(), metadata={"type": "string"})


class UsageQuerySchema(PageQuerySchema):
    """Which usage events; ``since`` is included, ``until`` is not."""

    licence_id = Identifier(load_default=None)
    outcome = fields.String(
        load_default=None, validate=validate.OneOf(sorted(kind.value for kind in ANSWERS))
    )
    since = Timestamp(load_default=None)
    until = Timestamp(load_default=None)


class QuoteRequestSchema(Schema):
    """A plan and how many units."""

    plan_id = Identifier(required=True)
    units = Integer(required=True, min=1, max=UNITS_MAX)


class QuoteSchema(Schema):
    """What the units would cost under the plan."""

    plan_id = Identifier(required=True)
    plan_hash = fields.String(required=True)
    units = fields.Integer(required=True)
    free_units = fields.Integer(required=True)
    packages = fields.Integer(required=True)
    order_amount = AmountText(required=True)
    usage_amount = AmountText(required=True)
    total_amount = AmountText(required=True)
    currency = fields.String(required=True)


class SpendingCapSchema(Schema):
    """The most that a licence may spend on calls in all; null takes the cap away."""

    cap_amount = AmountText(required=True, allow_none=True)
