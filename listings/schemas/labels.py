"""A coded word on a page."""

from marshmallow import fields

from app.web.schemas import Schema


class LabelledSchema(Schema):
    """A code with its label in the language of the answer."""

    code = fields.String()
    label = fields.String()
