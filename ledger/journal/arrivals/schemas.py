"""JSON shapes of arrivals at the bank."""

from marshmallow import fields

from app.core.money import HOME_CURRENCY
from app.web.paging import PeriodQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema, Text, Timestamp


class RecordArrivalSchema(Schema):
    """Money on the bank's statement that nothing of ours explains, with the line as printed."""

    bank_reference = Text(max=120, required=True)
    amount = AmountText(required=True)
    currency = Currency(load_default=HOME_CURRENCY)
    arrived_on = fields.Date(required=True)
    statement_line = Text(max=1000, required=True)


class ArrivalQuerySchema(PeriodQuerySchema):
    """Which arrivals; the period is that of recording."""

    currency = Currency(load_default=None)
    reference = Text(load_default=None, max=200)


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
