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
    records_count = Integer()
    persons_min = Integer()
    exported_count = Integer()
    exported_sensitive_count = Integer()
    reached_bp = Integer()


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
