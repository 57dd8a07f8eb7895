"""JSON shapes of alerts."""

from marshmallow import fields

from app.core.money import HOME_CURRENCY
from app.web.schemas import AmountText, Currency, Identifier, Integer, Schema, Timestamp


class SetAlertSchema(Schema):
    """When to be told of one wallet: the whole alert; what is null is never told of."""

    currency = Currency(load_default=HOME_CURRENCY)
    low_balance_amount = AmountText(data_key="low_balance", required=True, allow_none=True)
    spike_factor_percent = Integer(required=True, min=110, max=100_000, allow_none=True)
    spike_least_amount = AmountText(data_key="spike_least", load_default=0)


class SpendAlertSchema(Schema):
    """An alert as set, and what it last told."""

    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    low_balance_amount = AmountText(data_key="low_balance", allow_none=True)
    spike_factor_percent = fields.Integer(allow_none=True)
    spike_least_amount = AmountText(data_key="spike_least", required=True)
    is_low = fields.Boolean(required=True)
    spiked_until = Timestamp(allow_none=True)
    changed_at = Timestamp(required=True)


class SpendAlertsSchema(Schema):
    """One alert a currency."""

    items = fields.List(fields.Nested(SpendAlertSchema), required=True)
