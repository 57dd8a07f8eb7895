"""JSON shapes of billing: runs, credit lines, bills, freezes, deferred packages and alerts."""

from marshmallow import fields, validate

from app.core.money import format_amount
from app.web.paging import PageQuerySchema, PeriodQuerySchema, side_field
from app.web.schemas import AmountText, Identifier, Integer, Schema, Text, Timestamp
from ledger.journal.billing.credit_billing import LIMIT_MAX
from ledger.journal.billing.dunning import DAYS_MAX, ORDER
from ledger.journal.billing.models import CREDIT_LINE
from ledger.journal.books.chart import CURRENCIES, HOME_CURRENCY

_CURRENCY = validate.OneOf(CURRENCIES)


class StartRunSchema(Schema):
    """The month to bill, in Asia/Shanghai."""

    month = Text(max=7, required=True, metadata={"example": "2026-11"})


class BillingRunSchema(Schema):
    """A month's run; finished when ``finished_at`` is told."""

    month = fields.String(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    asked_by = Identifier(allow_none=True)
    started_at = Timestamp(required=True)
    invoice_count = fields.Integer(required=True)
    finished_at = Timestamp(allow_none=True)


class DunningStepSchema(Schema):
    """A step and how many days after the due day it comes."""

    step = fields.String(required=True, validate=validate.OneOf(ORDER))
    days = Integer(required=True, max=DAYS_MAX)


class ProposeCreditLineSchema(Schema):
    """Who may owe how much, and what happens to a bill that is not paid."""

    organisation_id = Identifier(required=True)
    currency = fields.String(load_default=HOME_CURRENCY, validate=_CURRENCY)
    limit_amount = AmountText(
        data_key="limit",
        required=True,
        validate=validate.Range(
            max=LIMIT_MAX, error=f"A credit limit is at most {format_amount(LIMIT_MAX)}."
        ),
    )
    due_days = Integer(required=True, min=1, max=180)
    reason = Text(max=500, required=True)
    dunning = fields.List(
        fields.Nested(DunningStepSchema), load_default=None, validate=validate.Length(max=4)
    )


class CreditLineQuerySchema(PeriodQuerySchema):
    """Which credit lines; the period is that of proposing."""

    organisation_id = Identifier(load_default=None)
    currency = fields.String(load_default=None, validate=_CURRENCY)
    state = fields.String(load_default=None, validate=validate.OneOf(sorted(CREDIT_LINE.states())))
    is_for_me = fields.Boolean(load_default=False)


class CreditLineSchema(Schema):
    """A credit line; what is used of it stands in the exposure."""

    id = Identifier(required=True, attribute="credit_line_id")
    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    limit_amount = AmountText(data_key="limit", required=True)
    due_days = fields.Integer(required=True)
    dunning = fields.List(fields.Nested(DunningStepSchema), required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(sorted(CREDIT_LINE.states())))
    proposed_by = Identifier(required=True)
    proposed_at = Timestamp(required=True)
    decided_by = Identifier(allow_none=True)
    decided_at = Timestamp(allow_none=True)
    suspended_at = Timestamp(allow_none=True)


class ExposureQuerySchema(PageQuerySchema):
    """Which exposures; ``organisation_id`` is for the exchange's staff, who see all."""

    organisation_id = Identifier(load_default=None)
    currency = fields.String(load_default=None, validate=_CURRENCY)
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
    currency = fields.String(load_default=None, validate=_CURRENCY)
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


class LiftFreezeSchema(Schema):
    """Why the account may give again."""

    reason = Text(max=500, required=True)


class AccountFreezeQuerySchema(PeriodQuerySchema):
    """Which freezes; the period is that of freezing."""

    organisation_id = Identifier(load_default=None)
    is_open = fields.Boolean(load_default=None)
    is_for_me = fields.Boolean(load_default=False)


class AccountFreezeSchema(Schema):
    """A frozen account, what was found, and who looked."""

    id = Identifier(required=True, attribute="freeze_id")
    account_id = fields.String(required=True)
    organisation_id = fields.String(required=True)
    rule = fields.String(required=True)
    finding = fields.Raw(required=True, metadata={"type": "object"})
    frozen_at = Timestamp(required=True)
    lift_reason = fields.String(allow_none=True)
    lift_asked_by = Identifier(allow_none=True)
    lift_asked_at = Timestamp(allow_none=True)
    lifted_by = Identifier(allow_none=True)
    lifted_at = Timestamp(allow_none=True)


class DeferralQuerySchema(PeriodQuerySchema):
    """Which yearly packages; the period is that in which they begin."""

    side = side_field()
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)
    listing_code = Text(max=64, load_default=None)
    licence_id = Identifier(load_default=None)
    order_id = Identifier(load_default=None)
    currency = fields.String(load_default=None, validate=_CURRENCY)
    is_open = fields.Boolean(load_default=None)


class DeferralSchema(Schema):
    """A yearly package: paid, earned so far, given back."""

    order_id = Identifier(required=True)
    licence_id = Identifier(allow_none=True)
    buyer_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    currency = fields.String(required=True)
    price_amount = AmountText(data_key="price", required=True)
    recognised_amount = AmountText(data_key="recognised", required=True)
    refunded_amount = AmountText(data_key="refunded", required=True)
    deferred_amount = AmountText(data_key="deferred", required=True)
    days = fields.Integer(required=True)
    recognised_days = fields.Integer(required=True)
    starts_at = Timestamp(required=True)
    ends_at = Timestamp(required=True)
    closed_at = Timestamp(allow_none=True)


class SetAlertSchema(Schema):
    """When to be told of one wallet; a member that is null is never told of."""

    currency = fields.String(load_default=HOME_CURRENCY, validate=_CURRENCY)
    low_balance_amount = AmountText(data_key="low_balance", load_default=None, allow_none=True)
    spike_factor_percent = Integer(min=110, max=100_000, load_default=None, allow_none=True)
    spike_least_amount = AmountText(data_key="spike_least", load_default=0)


class SpendAlertSchema(Schema):
    """An alert as set, and what it last told."""

    organisation_id = Identifier(required=True)
    currency = fields.String(required=True)
    low_balance_amount = AmountText(data_key="low_balance", allow_none=True)
    spike_factor_percent = fields.Integer(allow_none=True)
    spike_least_amount = AmountText(data_key="spike_least", required=True)
    is_low = fields.Boolean(required=True)
    spiked_until = Timestamp(allow_none=True)
    changed_at = Timestamp(required=True)


class SpendAlertsSchema(Schema):
    """One alert a currency."""

    items = fields.List(fields.Nested(SpendAlertSchema), required=True)
