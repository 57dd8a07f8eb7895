"""JSON shapes of what an organisation has and is owed."""

from marshmallow import fields

from app.web.paging import IntervalSchema, PageQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema, Timestamp


class WalletSchema(Schema):
    """Prepaid money: ``available`` is the balance less what running calls hold (``pending``).

    ``owed`` is what charge-backs and minimums left owed, and what was written off; it is taken from
    the next money paid in. ``refundable`` is what a withdrawal may ask for now.
    """

    account_id = fields.String(required=True)
    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    balance = AmountText(attribute="balance_amount", required=True)
    pending = AmountText(attribute="pending_amount", required=True)
    available = AmountText(attribute="available_amount", required=True)
    owed = AmountText(attribute="owed_amount", required=True)
    refundable = AmountText(attribute="refundable_amount", required=True)


class WalletQuerySchema(PageQuerySchema):
    """Which wallets or payables; ``organisation_id`` is for the exchange's staff, who see all."""

    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)


class PayableSchema(Schema):
    """What a supplier is owed now in one currency."""

    account_id = fields.String(required=True)
    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    accrued = AmountText(attribute="accrued_amount", required=True, negative=True)
    settled = AmountText(attribute="settled_amount", required=True)
    under_way = AmountText(attribute="under_way_amount", required=True)
    owed = AmountText(attribute="owed_amount", required=True, negative=True)
    on_hold = AmountText(attribute="on_hold_amount", required=True)
    settled_until = Timestamp(required=True, allow_none=True)


class TrialBalanceQuerySchema(IntervalSchema):
    """Of which time, and of which currency."""

    currency = Currency(load_default=None)


class KindSumSchema(Schema):
    """All accounts of a kind together."""

    kind = fields.String(required=True)
    opening = AmountText(attribute="opening_amount", required=True, negative=True)
    added = AmountText(attribute="added_amount", required=True)
    taken = AmountText(attribute="taken_amount", required=True)
    closing = AmountText(attribute="closing_amount", required=True, negative=True)


class TrialBalanceSchema(Schema):
    """The books of one currency."""

    currency = fields.String(required=True)
    kinds = fields.List(fields.Nested(KindSumSchema), required=True)
    closing = AmountText(attribute="closing_amount", required=True, negative=True)
    is_balanced = fields.Boolean(required=True)


class TrialBalancesSchema(Schema):
    """One a currency."""

    items = fields.List(fields.Nested(TrialBalanceSchema), required=True)
