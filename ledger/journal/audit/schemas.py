"""JSON shapes of what the audit finds."""

from marshmallow import fields

from app.web.schemas import AmountText, Schema


class ImbalanceSchema(Schema):
    """A sum that does not hold."""

    rule = fields.String(required=True)
    subject = fields.String(required=True)
    expected = AmountText(required=True, negative=True)
    found = AmountText(required=True, negative=True)


class ImbalancesSchema(Schema):
    """At most a hundred sums that do not hold; none, when all is well."""

    items = fields.List(fields.Nested(ImbalanceSchema), required=True)
