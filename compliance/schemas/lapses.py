"""Shapes of what lapses when."""

from marshmallow import fields, validate

from app.web.paging import PeriodQuerySchema
from app.web.schemas import Schema, Text, Timestamp
from compliance.lapses.expiry_policy import END, NONE, SUSPEND, kinds


class LapseSchema(Schema):
    """Something that ends by itself, what follows, and when."""

    id = fields.String()
    organisation_id = fields.String()
    subject_id = fields.String()
    listing_code = fields.String(allow_none=True)
    kind = fields.String(validate=validate.OneOf(sorted(kinds())))
    name = fields.String()
    lapses_at = Timestamp()
    effective_at = Timestamp()
    consequence = fields.String(validate=validate.OneOf([SUSPEND, END, NONE]))
    reminded_days = fields.Integer(allow_none=True)


class LapseQuerySchema(PeriodQuerySchema):
    """Filters of lapses; the period is of ``lapses_at``."""

    kind = fields.String(load_default=None, validate=validate.OneOf(sorted(kinds())))
    consequence = fields.String(load_default=None, validate=validate.OneOf([SUSPEND, END, NONE]))
    listing_code = Text(max=30, load_default=None)
    subject_id = fields.String(load_default=None, validate=validate.Length(min=1, max=64))
    is_over = fields.Boolean(load_default=None)
