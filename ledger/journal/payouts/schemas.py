"""JSON shapes of payouts."""

from marshmallow import fields, validate

from app.web.paging import PeriodQuerySchema
from app.web.schemas import Currency, Identifier, Schema, Text
from ledger.journal.bank_accounts.outgoing import OutgoingState
from ledger.journal.bank_accounts.outgoing_schemas import BankInstructionsSchema, OutgoingSchema
from ledger.journal.books.chart import BANK_TRANSFER


class RequestPayoutSchema(Schema):
    """A settlement to pay out, and by which gateway (``name`` in GET /v1/payment-gateways)."""

    settlement_id = Identifier(required=True)
    gateway = Text(load_default=BANK_TRANSFER, max=40)


class PayoutQuerySchema(PeriodQuerySchema):
    """Which payouts; the period is that of proposing. Staff may ask for one supplier's."""

    organisation_id = Identifier(load_default=None)
    settlement_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([*OutgoingState]))
    is_for_me = fields.Boolean(load_default=False)


class PayoutSchema(OutgoingSchema):
    """A payout and who let it go."""

    id = Identifier(required=True, attribute="payout_id")
    settlement_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    gateway = fields.String(required=True)
    bank_account_id = Identifier(allow_none=True)


class PayoutInstructionsSchema(BankInstructionsSchema):
    """What to enter at the bank for a payout."""

    payout_id = Identifier(required=True)
