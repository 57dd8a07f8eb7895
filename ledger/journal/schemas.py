"""JSON shapes of wallets, postings, top-ups, invoices and statements."""

from marshmallow import fields, validate

from app.web.paging import NextCursor, PageQuerySchema, PeriodQuerySchema
from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from ledger.journal.chart import CURRENCIES, HOME_CURRENCY
from ledger.journal.top_ups import TopUpState

_CURRENCY = validate.OneOf(CURRENCIES)


class RequestTopUpSchema(Schema):
    """A payment to announce; ``gateway`` as in GET /v1/payment-gateways, absent: the default."""

    amount = AmountText(required=True)
    currency = fields.String(load_default=HOME_CURRENCY, validate=_CURRENCY)
    gateway = Text(load_default=None, max=40)


class ConfirmTopUpSchema(Schema):
    """The amount that was seen at the bank, stated again."""

    amount = AmountText(required=True)
    currency = fields.String(load_default=HOME_CURRENCY, validate=_CURRENCY)


class TopUpQuerySchema(PageQuerySchema):
    """Which top-ups; a ``reference`` as the bank shows it, in groups and small letters too."""

    state = fields.String(load_default=None, validate=validate.OneOf([*TopUpState]))
    organisation_id = Identifier(load_default=None)
    reference = Text(load_default=None, max=64)


class TopUpSchema(Schema):
    """A top-up; quote ``reference`` with the payment into ``pay_into``, or open that address."""

    id = Identifier(required=True, attribute="top_up_id")
    organisation_id = Identifier(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    gateway = fields.String(required=True)
    reference = fields.String(required=True)
    pay_into = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*TopUpState]))
    paid_at = Timestamp(allow_none=True)
    requested_by = Identifier(required=True)
    requested_at = Timestamp(required=True)
    first_confirmed_by = Identifier(allow_none=True)
    first_confirmed_at = Timestamp(allow_none=True)
    second_confirmed_by = Identifier(allow_none=True)
    second_confirmed_at = Timestamp(allow_none=True)
    cancelled_by = fields.String(allow_none=True)
    cancelled_at = Timestamp(allow_none=True)


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
    currency = fields.String(load_default=None, validate=_CURRENCY)


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


class PostingQuerySchema(PeriodQuerySchema):
    """Which postings: of one account, licence or order, booked in a period."""

    account_id = Text(max=80, load_default=None)
    organisation_id = Identifier(load_default=None)
    currency = fields.String(load_default=None, validate=_CURRENCY)
    licence_id = Identifier(load_default=None)
    order_id = Identifier(load_default=None)


class PostingSchema(Schema):
    """One posting; positive when the exchange owes the account's owner more."""

    id = fields.Integer(required=True, attribute="posting_id")
    transaction_id = fields.Integer(required=True)
    account_id = fields.String(required=True)
    amount = AmountText(required=True, negative=True)
    currency = fields.String(required=True)
    template = fields.String(attribute="transaction.template", required=True)
    reference = fields.String(attribute="transaction.reference", required=True)
    licence_id = fields.String(attribute="transaction.licence_id", allow_none=True)
    order_id = fields.String(attribute="transaction.order_id", allow_none=True)
    reverses = fields.Integer(attribute="transaction.reverses", allow_none=True)
    occurred_at = Timestamp(attribute="transaction.occurred_at", required=True)
    booked_at = Timestamp(required=True)


class IssueInvoiceSchema(Schema):
    """A licence and a period that is over; ``from`` is included, ``until`` is not."""

    licence_id = Identifier(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)


class InvoiceQuerySchema(PageQuerySchema):
    """Invoices of one licence, or of all."""

    licence_id = Identifier(load_default=None)


class InvoiceSummarySchema(Schema):
    """An invoice in a list."""

    id = Identifier(required=True, attribute="invoice_id")
    licence_id = Identifier(required=True)
    buyer_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    total_amount = AmountText(required=True)
    currency = fields.String(required=True)
    invoice_hash = fields.String(required=True)
    issued_at = Timestamp(required=True)


class InvoiceSchema(InvoiceSummarySchema):
    """An invoice with its signed document, whose amounts are whole numbers of 10⁻⁸ units."""

    document = fields.Raw(required=True, metadata={"type": "object"})
    key = fields.String(attribute="key_name", required=True)
    signature = fields.String(attribute="signature_text", required=True)


class LeafProofSchema(Schema):
    """A leaf, base64, its index and its path under the checkpoint."""

    entry = fields.String(required=True)
    index = fields.Integer(required=True)
    path = fields.List(fields.String(), required=True)


class LaneEvidenceSchema(Schema):
    """The two leaves whose difference is the lane's part of the invoice."""

    lane = fields.Integer(required=True)
    opening = fields.Nested(LeafProofSchema, required=True)
    closing = fields.Nested(LeafProofSchema, required=True)


class InvoiceEvidenceSchema(Schema):
    """Everything needed to check an invoice offline (counterfoil-invoice-evidence/1)."""

    format = fields.String(required=True)
    invoice = fields.Raw(required=True, metadata={"type": "object"})
    signature = fields.String(required=True)
    key = fields.String(required=True)
    lanes = fields.List(fields.Nested(LaneEvidenceSchema), required=True)
    lane_count = fields.Integer(required=True)
    checkpoint = fields.String(required=True)


class ImbalanceSchema(Schema):
    """A sum that does not hold."""

    rule = fields.String(required=True)
    subject = fields.String(required=True)
    expected = AmountText(required=True, negative=True)
    found = AmountText(required=True, negative=True)


class ImbalancesSchema(Schema):
    """At most a hundred sums that do not hold; none, when all is well."""

    items = fields.List(fields.Nested(ImbalanceSchema), required=True)


class StatementQuerySchema(PageQuerySchema):
    """The period of a statement; ``from`` is included, ``until`` is not."""

    currency = fields.String(load_default=HOME_CURRENCY, validate=_CURRENCY)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)


class StatementRowSchema(Schema):
    """What one licence brought, in the columns that a settlement's rows have too."""

    subject = fields.String(required=True)
    listing_code = fields.String(allow_none=True)
    usage_amount = AmountText(required=True, negative=True)
    package_amount = AmountText(required=True, negative=True)
    period_amount = AmountText(required=True, negative=True)
    credit_amount = AmountText(required=True, negative=True)
    other_amount = AmountText(required=True, negative=True)
    amount = AmountText(required=True, negative=True)


class StatementSchema(Schema):
    """A supplier's statement: the total of the whole period, and a page of its rows."""

    supplier_id = Identifier(required=True)
    currency = fields.String(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    total_amount = AmountText(required=True, negative=True)
    items = fields.List(fields.Nested(StatementRowSchema), required=True)
    next_cursor = NextCursor(required=True, allow_none=True)


class SecondWordSchema(Schema):
    """The second person's word on what another proposed."""

    decision = fields.String(required=True, validate=validate.OneOf(("approve", "decline")))
