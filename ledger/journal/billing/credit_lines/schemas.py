"""JSON shapes of credit lines."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY, SCALE, format_amount
from app.web.paging import PeriodQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Integer, Schema, Text, Timestamp
from ledger.journal.billing.credit_lines.dunning import DAYS_MAX, ORDER
from ledger.journal.billing.credit_lines.models import CREDIT_LINE

LIMIT_MAX = 1_000_000_000 * SCALE
"""Far below the database's greatest number, which balance and limit together must not reach."""


class DunningStepSchema(Schema):
    """A step and how many days after the due day it comes."""

    step = fields.String(required=True, validate=validate.OneOf(ORDER))
    days = Integer(required=True, max=DAYS_MAX)


class ProposeCreditLineSchema(Schema):
    """Who may owe how much, and what happens to a bill that is not paid."""

    organisation_id = Identifier(required=True)
    currency = Currency(load_default=HOME_CURRENCY)
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
    currency = Currency(load_default=None)
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
