"""JSON shapes of debts that are written off."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY
from app.web.paging import PageQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema, Text, Timestamp
from ledger.journal.write_offs.models import WRITE_OFF

_STATE = validate.OneOf(sorted(WRITE_OFF.states()))


class ProposeWriteOffSchema(Schema):
    """Whose debt is given up, all of it in a currency, and why; the organisation reads both."""

    organisation_id = Identifier(required=True)
    currency = Currency(load_default=HOME_CURRENCY)
    reason = Text(max=2000, required=True)


class WriteOffQuerySchema(PageQuerySchema):
    """Which write-offs; ``organisation_id`` is for the exchange's staff, who see all."""

    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    state = fields.String(
        load_default=None,
        validate=_STATE,
    )
    is_for_me = fields.Boolean(load_default=False)


class WriteOffItemSchema(Schema):
    """One debt; ``subject`` is the wallet, the charge-back or the licence's period."""

    kind = fields.String(
        required=True, validate=validate.OneOf(("credit", "charge_back", "minimum"))
    )
    subject = fields.String(required=True)
    amount = AmountText(required=True)
    recovered_amount = AmountText(required=True)


class WriteOffSummarySchema(Schema):
    """A debt that was given up, and how much of it came in since."""

    id = Identifier(required=True, attribute="write_off_id")
    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    amount = AmountText(required=True)
    recovered_amount = AmountText(required=True)
    outstanding_amount = AmountText(required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    proposed_by = Identifier(required=True)
    proposed_at = Timestamp(required=True)
    decided_by = Identifier(allow_none=True)
    decided_at = Timestamp(allow_none=True)
    recovered_at = Timestamp(allow_none=True)


class WriteOffSchema(WriteOffSummarySchema):
    """The same, debt by debt; a proposal has none yet."""

    items = fields.List(fields.Nested(WriteOffItemSchema), required=True)
