"""Shapes of the counts of persons."""

from marshmallow import fields, validate

from app.web.schemas import Integer, Schema

YEAR_MIN, YEAR_MAX = 2020, 2200


class PersonTotalQuerySchema(Schema):
    """Whose totals, and of which calendar year (China, UTC+8)."""

    supplier_id = fields.String(load_default=None, validate=validate.Length(min=1, max=64))
    buyer_id = fields.String(load_default=None, validate=validate.Length(min=1, max=64))
    year = fields.Integer(load_default=None, validate=validate.Range(min=YEAR_MIN, max=YEAR_MAX))


class PersonTotalSchema(Schema):
    """One supplier's total of a year, over all buyers (``buyer_id`` null) or to one of them."""

    supplier_id = fields.String()
    buyer_id = fields.String(allow_none=True)
    year = Integer()
    calls_count = Integer()
    records_count = Integer(metadata={"description": "Upper bound of the persons concerned"})
    persons_min = Integer(metadata={"description": "Lower bound of the persons concerned"})
    exported_count = Integer(
        metadata={
            "description": "Records that are not sensitive, under licences reaching beyond China"
        }
    )
    exported_sensitive_count = Integer()
    reached_bp = Integer(
        metadata={
            "description": "Share of the criminal thresholds (50, 500, 5,000 records) that the"
            " upper bound reaches, in basis points, added over categories and buyers"
        }
    )


class ThresholdSchema(Schema):
    """A threshold with what it is for."""

    records = Integer()
    categories = fields.List(fields.String(), allow_none=True)
    label = fields.String()
    label_zh = fields.String()


class PersonTotalsSchema(Schema):
    """The totals, and the thresholds that they are measured by."""

    items = fields.List(fields.Nested(PersonTotalSchema))
    thresholds = fields.List(fields.Nested(ThresholdSchema))
    source = fields.String()
    is_confirmed = fields.Boolean()
