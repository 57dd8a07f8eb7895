"""JSON shapes of postings."""

from marshmallow import fields

from app.web.paging import PeriodQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema, Text, Timestamp


class PostingQuerySchema(PeriodQuerySchema):
    """Which postings: of one account, licence or order, booked in a period."""

    account_id = Text(max=80, load_default=None)
    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    licence_id = Identifier(load_default=None)
    order_id = Identifier(load_default=None)


class PostingSchema(Schema):
    """One posting; positive when the exchange owes the account's owner more."""

    id = fields.Integer(required=True, attribute="posting_id")
    transaction_id = fields.Integer(required=True)
    account_id = fields.String(required=True)
    amount = AmountText(required=True, negative=True)
    currency = fields.String(required=True)
    template = fields.String(attribute="transaction.template", required=True)
    reference = fields.String(attribute="transaction.reference", required=True)
    licence_id = fields.String(attribute="transaction.licence_id", allow_none=True)
    order_id = fields.String(attribute="transaction.order_id", allow_none=True)
    reverses = fields.Integer(attribute="transaction.reverses", allow_none=True)
    occurred_at = Timestamp(attribute="transaction.occurred_at", required=True)
    booked_at = Timestamp(required=True)
