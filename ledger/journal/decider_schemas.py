"""The JSON shape of a second person's word."""

from marshmallow import fields, validate

from app.web.schemas import Schema


class SecondWordSchema(Schema):
    """The second person's word on what another proposed."""

    decision = fields.String(required=True, validate=validate.OneOf(("approve", "decline")))
