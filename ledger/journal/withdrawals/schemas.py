"""JSON shapes of withdrawals."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY
from app.web.paging import PeriodQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema
from ledger.journal.bank_accounts.outgoing import OutgoingState
from ledger.journal.bank_accounts.outgoing_schemas import BankInstructionsSchema, OutgoingSchema


class RequestWithdrawalSchema(Schema):
    """How much of the wallet shall go back to the organisation's bank; absent: all that may."""

    amount = AmountText(load_default=None)
    currency = Currency(load_default=HOME_CURRENCY)


class WithdrawalQuerySchema(PeriodQuerySchema):
    """Which withdrawals; the period is that of asking."""

    state = fields.String(load_default=None, validate=validate.OneOf([*OutgoingState]))
    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    is_for_me = fields.Boolean(load_default=False)


class WithdrawalSchema(OutgoingSchema):
    """A withdrawal and who let it go."""

    id = Identifier(required=True, attribute="withdrawal_id")
    organisation_id = Identifier(required=True)
    bank_account_id = Identifier(required=True)


class WithdrawalInstructionsSchema(BankInstructionsSchema):
    """What to enter at the bank for a withdrawal."""

    withdrawal_id = Identifier(required=True)
