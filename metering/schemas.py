"""JSON shapes of metering's routes."""

from typing import Any

from marshmallow import fields, pre_dump, validate

from app.web.paging import PeriodQuerySchema, side_field
from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from metering.answers.outcomes import ANSWERS
from metering.models import ENTITLEMENT_STATES, PERIOD_STATES, CapScope
from metering.plans.pools import PoolKind


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
    purpose = fields.String(required=True, allow_none=True)
    leaf_hash = fields.Function(lambda event: event.leaf_hash.hex(), metadata={"type": "string"})


class UsageQuerySchema(PeriodQuerySchema):
    """Which usage events, of which time."""

    licence_id = Identifier(load_default=None)
    listing_code = Text(load_default=None, max=64)
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)
    key_id = Identifier(load_default=None)
    outcome = fields.String(load_default=None, validate=_ANSWER)
