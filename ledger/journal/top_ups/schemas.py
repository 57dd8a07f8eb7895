"""JSON shapes of top-ups."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY
from app.web.paging import PeriodQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema, Text, Timestamp
from ledger.journal.top_ups.life_cycle import TopUpState


class RequestTopUpSchema(Schema):
    """A payment to announce; ``gateway`` as in GET /v1/payment-gateways, absent: the default."""

    amount = AmountText(required=True)
    currency = Currency(load_default=HOME_CURRENCY)
    gateway = Text(load_default=None, max=40)


class ConfirmTopUpSchema(Schema):
    """The amount that was seen at the bank, stated again."""

    amount = AmountText(required=True)
    currency = Currency(load_default=HOME_CURRENCY)


class TopUpQuerySchema(PeriodQuerySchema):
    """Which top-ups; a ``reference`` as the bank shows it, in groups and small letters too."""

    state = fields.String(load_default=None, validate=validate.OneOf([*TopUpState]))
    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    reference = Text(load_default=None, max=64)
    is_for_me = fields.Boolean(load_default=False)


class TopUpSchema(Schema):
    """A top-up; quote ``reference`` with the payment into ``pay_into``, or open that address."""

    id = Identifier(required=True, attribute="top_up_id")
    organisation_id = Identifier(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    gateway = fields.String(required=True)
    reference = fields.String(required=True)
    pay_into = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*TopUpState]))
    paid_at = Timestamp(allow_none=True)
    requested_by = Identifier(required=True)
    requested_at = Timestamp(required=True)
    first_confirmed_by = Identifier(allow_none=True)
    first_confirmed_at = Timestamp(allow_none=True)
    second_confirmed_by = Identifier(allow_none=True)
    second_confirmed_at = Timestamp(allow_none=True)
    cancelled_by = fields.String(allow_none=True)
    cancelled_at = Timestamp(allow_none=True)
