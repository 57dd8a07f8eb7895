"""JSON shapes of payments."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema, PeriodQuerySchema
from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from ledger.payments.models import AccountState, NoticeState
from ledger.payments.operations import Kind, State
from ledger.payments.ports import DisputeOutcome

_NAME = validate.Regexp(r"\A[a-z][a-z_]{1,30}\Z", error="Not the name of a gateway.")


class PaymentGatewaySchema(Schema):
    """A way to pay: ``is_hosted`` means on the provider's own page, ``pays_out`` also payouts."""

    name = fields.String(required=True)
    currencies = fields.List(fields.String(), required=True)
    is_hosted = fields.Boolean(required=True)
    pays_out = fields.Boolean(required=True)


class PaymentGatewaysSchema(Schema):
    """What is configured here; the first is the default."""

    items = fields.List(fields.Nested(PaymentGatewaySchema), required=True)


class PaymentOperationQuerySchema(PeriodQuerySchema):
    """Operations of one subject (a top-up, a payout), of one kind, in one state."""

    gateway = fields.String(load_default=None, validate=_NAME)
    subject_id = Identifier(load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf([*Kind]))
    state = fields.String(load_default=None, validate=validate.OneOf([*State]))
    is_for_me = fields.Boolean(load_default=False)


class PaymentOperationSchema(Schema):
    """One thing asked of a provider and what became of it."""

    id = Identifier(required=True, attribute="operation_id")
    kind = fields.String(required=True, validate=validate.OneOf([*Kind]))
    gateway = fields.String(required=True)
    subject_id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    parent_id = Identifier(allow_none=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*State]))
    checkout_url = fields.String(allow_none=True)
    expires_at = Timestamp(allow_none=True)
    reason_code = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    requested_by = fields.String(allow_none=True)
    approved_by = fields.String(allow_none=True)
    provider_reference = fields.String(allow_none=True)
    attempts_count = fields.Integer(required=True)
    requested_at = Timestamp(required=True)
    concluded_at = Timestamp(allow_none=True)


class PaymentRefundSchema(Schema):
    """How much of a top-up goes back to its payer, and why."""

    top_up_id = Identifier(required=True)
    amount = AmountText(required=True)
    reason = Text(required=True, max=500)


class PaymentReversalSchema(Schema):
    """How much of a payout comes back from the supplier, and why."""

    payout_id = Identifier(required=True)
    amount = AmountText(required=True)
    reason = Text(required=True, max=500)


class PaymentDecisionSchema(Schema):
    """The second person's word."""

    decision = fields.String(required=True, validate=validate.OneOf(["approve", "decline"]))


class PaymentDisputeQuerySchema(PeriodQuerySchema):
    """Which disputes; the period is that in which the exchange learned of them."""

    gateway = fields.String(load_default=None, validate=_NAME)
    organisation_id = Identifier(load_default=None)
    operation_id = Identifier(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([*DisputeOutcome]))


class PaymentDisputeSchema(Schema):
    """A payment that the payer's bank took back, pending or decided."""

    id = Identifier(required=True, attribute="dispute_id")
    gateway = fields.String(required=True)
    operation_id = Identifier(required=True)
    organisation_id = Identifier(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    reason_code = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*DisputeOutcome]))
    opened_at = Timestamp(required=True)
    closed_at = Timestamp(allow_none=True)


class PaymentNoticeQuerySchema(PeriodQuerySchema):
    """Notices of one provider, in one state; the period is that in which they came."""

    gateway = fields.String(load_default=None, validate=_NAME)
    state = fields.String(load_default=None, validate=validate.OneOf([*NoticeState]))


class PaymentNoticeSchema(Schema):
    """A provider's notice; its body is kept and not shown."""

    id = Identifier(required=True, attribute="notice_id")
    gateway = fields.String(required=True)
    event_id = fields.String(required=True)
    event_type = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*NoticeState]))
    attempts_count = fields.Integer(required=True)
    last_error = fields.String(allow_none=True)
    created_at = Timestamp(required=True)
    received_at = Timestamp(required=True)
    due_at = Timestamp(required=True)
    done_at = Timestamp(allow_none=True)


class PaymentReceivedSchema(Schema):
    """The notice is stored; ``is_new`` tells a first delivery from a repeated one."""

    is_new = fields.Boolean(required=True)


class PaymentFindingQuerySchema(PeriodQuerySchema):
    """Open findings, resolved ones, or all; the period is that in which they were found."""

    gateway = fields.String(load_default=None, validate=_NAME)
    is_open = fields.Boolean(load_default=None)


class PaymentFindingSchema(Schema):
    """Something that does not agree between a provider and us."""

    id = Identifier(required=True, attribute="finding_id")
    gateway = fields.String(required=True)
    rule = fields.String(required=True)
    subject = fields.String(required=True)
    expected_amount = AmountText(required=True, negative=True)
    found_amount = AmountText(required=True, negative=True)
    currency = fields.String(required=True)
    detail = fields.String(required=True)
    seen_count = fields.Integer(required=True)
    found_at = Timestamp(required=True)
    last_seen_at = Timestamp(required=True)
    resolved_at = Timestamp(allow_none=True)
    resolved_by = fields.String(allow_none=True)
    resolution = fields.String(allow_none=True)


class PaymentResolutionSchema(Schema):
    """What was done about it."""

    resolution = Text(required=True, max=500)


class PaymentMovementQuerySchema(PeriodQuerySchema):
    """Lines of a provider's statement; the period is that in which the provider booked them."""

    gateway = fields.String(load_default=None, validate=_NAME)
    explained_by = fields.String(
        load_default=None,
        validate=validate.OneOf(["operation", "dispute", "fee", "payout", "suspense"]),
    )


class PaymentMovementSchema(Schema):
    """One line of a provider's account statement."""

    id = Identifier(required=True, attribute="movement_id")
    gateway = fields.String(required=True)
    reference = fields.String(required=True)
    source = fields.String(allow_none=True)
    amount = AmountText(required=True, negative=True)
    fee_amount = AmountText(required=True, negative=True)
    currency = fields.String(required=True)
    explained_by = fields.String(required=True)
    occurred_at = Timestamp(required=True)
    seen_at = Timestamp(required=True)


class OpenPayoutAccountSchema(Schema):
    """At which provider."""

    gateway = fields.String(required=True, validate=_NAME)


class PayoutAccountQuerySchema(PageQuerySchema):
    """Accounts of one organisation, or in one state, or all."""

    organisation_id = Identifier(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([*AccountState]))


class PayoutAccountSchema(Schema):
    """A supplier's account at a provider; payouts go there when it is ``ready``."""

    id = Identifier(required=True, attribute="account_id")
    organisation_id = Identifier(required=True)
    gateway = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*AccountState]))
    requirements = fields.List(fields.String(), required=True)
    reason_code = fields.String(allow_none=True)
    requested_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)


class PaymentOnboardingSchema(Schema):
    """The provider's page on which the supplier says who they are; works once, for minutes."""

    url = fields.String(required=True)
    expires_at = Timestamp(required=True)
