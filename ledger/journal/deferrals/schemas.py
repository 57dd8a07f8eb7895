"""JSON shapes of yearly packages."""

from marshmallow import fields

from app.web.paging import PeriodQuerySchema, side_field
from app.web.schemas import AmountText, Currency, Identifier, Schema, Text, Timestamp


class DeferralQuerySchema(PeriodQuerySchema):
    """Which yearly packages; the period is that in which they begin."""

    side = side_field()
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)
    listing_code = Text(max=64, load_default=None)
    licence_id = Identifier(load_default=None)
    order_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    is_open = fields.Boolean(load_default=None)


class DeferralSchema(Schema):
    """A yearly package: paid, earned so far, given back."""

    order_id = Identifier(required=True)
    licence_id = Identifier(allow_none=True)
    buyer_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    currency = fields.String(required=True)
    price_amount = AmountText(data_key="price", required=True)
    recognised_amount = AmountText(data_key="recognised", required=True)
    refunded_amount = AmountText(data_key="refunded", required=True)
    deferred_amount = AmountText(data_key="deferred", required=True)
    days = fields.Integer(required=True)
    recognised_days = fields.Integer(required=True)
    starts_at = Timestamp(required=True)
    ends_at = Timestamp(required=True)
    closed_at = Timestamp(allow_none=True)
