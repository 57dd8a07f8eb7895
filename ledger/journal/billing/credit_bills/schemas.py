"""JSON shapes of credit lines' bills, and of what is owed at a moment."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema, PeriodQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema, Timestamp
from ledger.journal.billing.credit_lines.dunning import ORDER


class ExposureQuerySchema(PageQuerySchema):
    """Which exposures; ``organisation_id`` is for the exchange's staff, who see all."""

    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    is_suspended = fields.Boolean(load_default=None)
    is_overdue = fields.Boolean(load_default=None)


class ExposureSchema(Schema):
    """What an organisation owes now: used of its limit, billed, and overdue."""

    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    limit_amount = AmountText(data_key="limit", required=True)
    used_amount = AmountText(data_key="used", required=True)
    pending_amount = AmountText(data_key="pending", required=True)
    available_amount = AmountText(data_key="available", required=True)
    billed_amount = AmountText(data_key="billed", required=True)
    overdue_amount = AmountText(data_key="overdue", required=True)
    owed_amount = AmountText(
        data_key="owed",
        required=True,
    )
    is_suspended = fields.Boolean(required=True)


class DunningTakenSchema(Schema):
    """A step that a bill came to; withdrawn when the bill was paid."""

    step = fields.String(required=True, validate=validate.OneOf(ORDER))
    taken_at = Timestamp(required=True)
    withdrawn_at = Timestamp(allow_none=True)


class CreditBillQuerySchema(PeriodQuerySchema):
    """Which bills; the period is that of issuing, not the month that they bill."""

    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    is_open = fields.Boolean(load_default=None)
    is_overdue = fields.Boolean(load_default=None)


class CreditBillSummarySchema(Schema):
    """A month's bill in a list."""

    id = Identifier(required=True, attribute="bill_id")
    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    month = fields.String(required=True)
    amount = AmountText(required=True)
    paid_amount = AmountText(required=True)
    open_amount = AmountText(required=True)
    issued_at = Timestamp(required=True)
    due_at = Timestamp(required=True)
    paid_at = Timestamp(allow_none=True)
    written_off_amount = AmountText(required=True)
    written_off_at = Timestamp(allow_none=True)
    write_off_id = Identifier(allow_none=True)
    bill_hash = fields.String(required=True)


class BillPaymentSchema(Schema):
    """What paid a part of a bill: a posting of the wallet, and the template that booked it."""

    posting_id = fields.Integer(required=True)
    template = fields.String(required=True)
    amount = AmountText(required=True)
    matched_at = Timestamp(required=True)


class CreditBillSchema(CreditBillSummarySchema):
    """A bill with its signed document, what paid it, and its dunning."""

    document = fields.Raw(required=True, metadata={"type": "object"})
    key = fields.String(attribute="key_name", required=True)
    signature = fields.String(attribute="signature_text", required=True)
    payments = fields.List(fields.Nested(BillPaymentSchema), required=True)
    steps = fields.List(fields.Nested(DunningTakenSchema), required=True)
