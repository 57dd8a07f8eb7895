"""JSON shapes of settlement runs and settlements."""

from marshmallow import fields, validate

from app.core.money import HOME_CURRENCY
from app.web.paging import PageQuerySchema, PeriodQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema, Timestamp
from ledger.journal.failure_schemas import RunFailureSchema
from ledger.journal.settlement.models import FINISHED, PLANNED


class PlanSettlementRunSchema(Schema):
    """A settlement day: from where the last one ended (or ``from`` for the first) to ``until``."""

    currency = Currency(load_default=HOME_CURRENCY)
    from_at = Timestamp(data_key="from", load_default=None)
    until_at = Timestamp(data_key="until", required=True)


class SettlementRunQuerySchema(PageQuerySchema):
    """Runs of one currency, or of all."""

    currency = Currency(load_default=None)


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
    failed_count = fields.Integer(required=True)
    failures = fields.List(fields.Nested(RunFailureSchema), required=True)
    run_hash = fields.String(allow_none=True)
    finished_at = Timestamp(allow_none=True)


class SettlementQuerySchema(PeriodQuerySchema):
    """Which settlements; the period is that in which they were fixed, not the one they settle."""

    run_id = Identifier(load_default=None)
    organisation_id = Identifier(load_default=None)
    currency = Currency(load_default=None)
    is_awaiting_payout = fields.Boolean(load_default=None)


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
