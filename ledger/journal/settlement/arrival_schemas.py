"""JSON shapes of arrivals at the bank, and of money in suspense that goes back."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from ledger.journal.chart import CURRENCIES, HOME_CURRENCY
from ledger.journal.settlement.arrival_models import SUSPENSE_RETURN

_CURRENCY = validate.OneOf(CURRENCIES)
_STATE = validate.OneOf(sorted(SUSPENSE_RETURN.states()))


class RecordArrivalSchema(Schema):
    """Money on the bank's statement that nothing of ours explains, with the line as printed."""

    bank_reference = Text(max=120, required=True)
    amount = AmountText(required=True)
    currency = fields.String(load_default=HOME_CURRENCY, validate=_CURRENCY)
    arrived_on = fields.Date(required=True)
    statement_line = Text(max=1000, required=True)


class ArrivalQuerySchema(PageQuerySchema):
    """Arrivals in one currency, or in all."""

    currency = fields.String(load_default=None, validate=_CURRENCY)


class ArrivalSchema(Schema):
    """An arrival; ``reference`` is what assignments and returns name it by."""

    reference = fields.String(required=True)
    bank_reference = fields.String(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    arrived_on = fields.Date(required=True)
    statement_line = fields.String(required=True)
    recorded_by = Identifier(required=True)
    recorded_at = Timestamp(required=True)


class ProposeSuspenseReturnSchema(Schema):
    """Which money goes back to its sender, and why."""

    reference = Text(max=200, required=True)
    reason = Text(max=2000, required=True)


class SuspenseReturnQuerySchema(PageQuerySchema):
    """Returns in one state, or all."""

    state = fields.String(
        load_default=None,
        validate=_STATE,
    )


class SuspenseReturnSchema(Schema):
    """Who said that it goes back, who agreed, and what the bank did."""

    id = Identifier(required=True, attribute="return_id")
    reference = fields.String(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    proposed_by = Identifier(required=True)
    proposed_at = Timestamp(required=True)
    decided_by = Identifier(allow_none=True)
    decided_at = Timestamp(allow_none=True)
    provider_reference = fields.String(allow_none=True)
    failure_code = fields.String(allow_none=True)
    ended_at = Timestamp(allow_none=True)
