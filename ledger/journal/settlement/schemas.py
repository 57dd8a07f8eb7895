"""JSON shapes of settlement runs, settlements, payouts and bank details."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from ledger.journal.chart import BANK_TRANSFER, CURRENCIES, HOME_CURRENCY
from ledger.journal.settlement.models import FINISHED, PLANNED
from ledger.journal.settlement.payouts import PayoutState

_CURRENCY = validate.OneOf(CURRENCIES)


class PlanSettlementRunSchema(Schema):
    """A settlement day: from where the last one ended (or ``from`` for the first) to ``until``."""

    currency = fields.String(load_default=HOME_CURRENCY, validate=_CURRENCY)
    from_at = Timestamp(data_key="from", load_default=None)
    until_at = Timestamp(data_key="until", required=True)


class SettlementRunQuerySchema(PageQuerySchema):
    """Runs of one currency, or of all."""

    currency = fields.String(load_default=None, validate=_CURRENCY)


class SettlementRunSchema(Schema):
    """A settlement run; the worker finishes it, ``run_hash`` covers all its statements."""

    id = Identifier(required=True, attribute="run_id")
    currency = fields.String(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    minimum_amount = AmountText(required=True)
    state = fields.String(required=True, validate=validate.OneOf((PLANNED, FINISHED)))
    planned_by = fields.String(required=True)
    planned_at = Timestamp(required=True)
    settlement_count = fields.Integer(required=True)
    run_hash = fields.String(allow_none=True)
    finished_at = Timestamp(allow_none=True)


class SettlementQuerySchema(PageQuerySchema):
    """Settlements of one run or currency, or of all."""

    run_id = Identifier(load_default=None)
    currency = fields.String(load_default=None, validate=_CURRENCY)


class SettlementSummarySchema(Schema):
    """A settlement in a list: opening + period = settled + carried."""

    id = Identifier(required=True, attribute="settlement_id")
    run_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    currency = fields.String(required=True)
    n = fields.Integer(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    opening_amount = AmountText(required=True, negative=True)
    period_amount = AmountText(required=True, negative=True)
    settled_amount = AmountText(required=True)
    carried_amount = AmountText(required=True, negative=True)
    statement_hash = fields.String(required=True)
    root_hash = fields.String(allow_none=True)
    settled_at = Timestamp(required=True)


class SettlementSchema(SettlementSummarySchema):
    """A settlement with its signed statement, whose amounts are whole numbers of 10⁻⁸ units."""

    statement = fields.Raw(required=True, metadata={"type": "object"})
    key = fields.String(required=True)
    signature = fields.String(required=True)


class StatementCheckSchema(Schema):
    """Whether the statement, made again from the books, is the one that was fixed."""

    settlement_id = Identifier(required=True)
    statement_hash = fields.String(required=True)
    rebuilt_hash = fields.String(required=True)
    is_same = fields.Boolean(required=True)


class RegisterBankAccountSchema(Schema):
    """Where payouts in a currency shall go; it counts after the waiting period."""

    currency = fields.String(load_default=HOME_CURRENCY, validate=_CURRENCY)
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


class RequestPayoutSchema(Schema):
    """A settlement to pay out, and by which gateway (``name`` in GET /v1/payment-gateways)."""

    settlement_id = Identifier(required=True)
    gateway = Text(load_default=BANK_TRANSFER, max=40)


class PayoutQuerySchema(PageQuerySchema):
    """Payouts in one state, or all."""

    state = fields.String(load_default=None, validate=validate.OneOf([*PayoutState]))


class SecondWordSchema(Schema):
    """The second person's word on what another proposed."""

    decision = fields.String(required=True, validate=validate.OneOf(("approve", "decline")))


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
    state = fields.String(required=True, validate=validate.OneOf([*PayoutState]))
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
