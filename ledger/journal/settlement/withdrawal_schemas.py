"""JSON shapes of withdrawals."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import AmountText, Identifier, Schema, Timestamp
from ledger.journal.chart import CURRENCIES, HOME_CURRENCY
from ledger.journal.settlement.payouts import PayoutState


class RequestWithdrawalSchema(Schema):
    """How much of the wallet shall go back to the organisation's bank; absent: all that may."""

    amount = AmountText(load_default=None)
    currency = fields.String(load_default=HOME_CURRENCY, validate=validate.OneOf(CURRENCIES))


class WithdrawalQuerySchema(PageQuerySchema):
    """Withdrawals in one state, or of one organisation, or all."""

    state = fields.String(load_default=None, validate=validate.OneOf([*PayoutState]))
    organisation_id = Identifier(load_default=None)


class WithdrawalSchema(Schema):
    """A withdrawal and who let it go."""

    withdrawal_id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    bank_account_id = Identifier(required=True)
    state = fields.String(required=True)
    requested_by = Identifier(required=True)
    requested_at = Timestamp(required=True)
    approved_by = Identifier(allow_none=True)
    approved_at = Timestamp(allow_none=True)
    sent_by = Identifier(allow_none=True)
    sent_at = Timestamp(allow_none=True)
    provider_reference = fields.String(allow_none=True)
    paid_at = Timestamp(allow_none=True)
    failed_at = Timestamp(allow_none=True)
    failure_code = fields.String(allow_none=True)
    cancelled_by = Identifier(allow_none=True)
    cancelled_at = Timestamp(allow_none=True)


class WithdrawalInstructionsSchema(Schema):
    """What to enter at the bank; ``reference`` goes with the transfer."""

    withdrawal_id = Identifier(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    holder = fields.String(required=True)
    bank = fields.String(required=True)
    account_number = fields.String(required=True)
    reference = fields.String(required=True)
