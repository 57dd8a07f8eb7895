"""JSON shapes that every transfer out of the exchange has in common."""

from marshmallow import fields, validate

from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from ledger.journal.bank_accounts.outgoing import OutgoingState


class SendPayoutSchema(Schema):
    """The bank's own reference of the transfer."""

    provider_reference = Text(max=120, required=True)


class FailPayoutSchema(Schema):
    """Why the money did not arrive, as a code."""

    failure_code = Text(
        max=64,
        required=True,
        validate=validate.Regexp(
            r"\A[a-z][a-z0-9_]+\Z",
            error="A code of small letters, digits and _, such as account_closed.",
        ),
    )


class OutgoingSchema(Schema):
    """Money on its way out of the exchange, and who let it go."""

    amount = AmountText(required=True)
    currency = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*OutgoingState]))
    requested_by = Identifier(required=True)
    requested_at = Timestamp(required=True)
    approved_by = Identifier(allow_none=True)
    approved_at = Timestamp(allow_none=True)
    sent_by = fields.String(allow_none=True)
    sent_at = Timestamp(allow_none=True)
    provider_reference = fields.String(allow_none=True)
    paid_at = Timestamp(allow_none=True)
    failed_at = Timestamp(allow_none=True)
    failure_code = fields.String(allow_none=True)
    return_stated_by = Identifier(
        allow_none=True,
    )
    returned_by = Identifier(allow_none=True)
    cancelled_by = Identifier(allow_none=True)
    cancelled_at = Timestamp(allow_none=True)


class BankInstructionsSchema(Schema):
    """What to enter at the bank; ``reference`` goes with the transfer."""

    amount = AmountText(required=True)
    currency = fields.String(required=True)
    holder = fields.String(required=True)
    bank = fields.String(required=True)
    account_number = fields.String(required=True)
    reference = fields.String(required=True)
