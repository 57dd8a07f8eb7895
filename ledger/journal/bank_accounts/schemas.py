"""JSON shapes of bank details."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY
from app.web.paging import PageQuerySchema
from app.web.schemas import Currency, Identifier, Schema, Text, Timestamp


class RegisterBankAccountSchema(Schema):
    """Where payouts in a currency shall go; it counts after the waiting period."""

    currency = Currency(load_default=HOME_CURRENCY)
    holder = Text(max=120, required=True)
    bank = Text(max=120, required=True)
    account_number = Text(
        min=6,
        max=40,
        required=True,
        validate=validate.Regexp(
            r"\A[0-9A-Za-z][0-9A-Za-z ]+\Z",
            error="Digits, letters and spaces, a digit or letter first.",
        ),
    )


class BankAccountQuerySchema(PageQuerySchema):
    """Which bank details; staff may ask for one organisation's."""

    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)


class BankAccountSchema(Schema):
    """Registered bank details, masked; they count from ``effective_at``."""

    id = Identifier(required=True, attribute="bank_account_id")
    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    masked = fields.String(required=True)
    registered_by = Identifier(required=True)
    registered_at = Timestamp(required=True)
    effective_at = Timestamp(required=True)
    cancelled_by = Identifier(allow_none=True)
    cancelled_at = Timestamp(allow_none=True)
