"""The JSON shape of what a run could not do."""

from marshmallow import fields

from app.web.schemas import Identifier, Schema


class RunFailureSchema(Schema):
    """One that a run went on without."""

    subject_id = Identifier(required=True)
    error = fields.String(required=True)
