"""The JSON shapes of this room."""

from marshmallow import fields, validate

from app.documents.kinds import MEDIA_TYPES
from app.web.paging import PeriodQuerySchema, page_schema
from app.web.schemas import Identifier, Schema, Timestamp

_HASH = validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 lower-case hexadecimal digits.")


class DocumentPageQuerySchema(PeriodQuerySchema):
    """A page of documents; the period is of when they were sent."""

    organisation_id = Identifier(load_default=None)
    document_hash = fields.String(load_default=None, validate=_HASH)
    is_opened = fields.Boolean(load_default=None)


class DocumentSchema(Schema):
    """A document without its bytes."""

    document_hash = fields.String(required=True)
    organisation_id = Identifier(required=True)
    media_type = fields.String(required=True, validate=validate.OneOf(MEDIA_TYPES))
    size_bytes = fields.Integer(required=True)
    sent_by = Identifier(required=True)
    sent_at = Timestamp(required=True)
    opened_at = Timestamp(required=True, allow_none=True)


DocumentPageSchema = page_schema(DocumentSchema)
