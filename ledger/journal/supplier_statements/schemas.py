"""JSON shapes of a supplier's statement."""

from marshmallow import fields

from app.core.money import HOME_CURRENCY
from app.web.paging import NextCursor, PageQuerySchema
from app.web.schemas import AmountText, Currency, Identifier, Schema, Timestamp


class StatementQuerySchema(PageQuerySchema):
    """The period of a statement; ``from`` is included, ``until`` is not."""

    currency = Currency(load_default=HOME_CURRENCY)
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
