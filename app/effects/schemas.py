"""The JSON shapes of this room."""

from marshmallow import fields, validate

from app.core.outbox import STATES
from app.effects.topics import TOPICS
from app.web.paging import PageQuerySchema, page_schema
from app.web.schemas import Integer, Schema, Timestamp


class EffectPageQuerySchema(PageQuerySchema):
    """A page of effects, perhaps of one topic or state."""

    topic = fields.String(load_default=None, validate=validate.OneOf(TOPICS))
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))


class EffectSchema(Schema):
    """Something that is done outside the process, without what it says there."""

    number = Integer(required=True, attribute="id")
    topic = fields.String(required=True, validate=validate.OneOf(TOPICS))
    key = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    attempts_count = Integer(required=True)
    last_failure = fields.String(required=True, allow_none=True)
    enqueued_at = Timestamp(required=True)
    due_at = Timestamp(required=True)
    done_at = Timestamp(required=True, allow_none=True)


EffectPageSchema = page_schema(EffectSchema)
