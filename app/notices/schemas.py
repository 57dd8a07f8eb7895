"""The JSON shapes of this room; every text and list has its bound here."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from app.notices.notice_types import notice_types
from app.notices.receiver_urls import LENGTH_MAX
from app.notices.retry_rules import ENDPOINT_OFF, Outcome
from app.web.paging import NextCursor, PageQuerySchema, PeriodQuerySchema, page_schema
from app.web.schemas import Flag, Identifier, Integer, Schema, Text, Timestamp

DESCRIPTION_MAX = 500
TYPE_MAX = 100
TYPES_MAX = 200
OVERLAP_SECONDS = 24 * 3_600
DELIVERY_STATES = ("waiting", "delivered", "dead")
_OUTCOMES = (*(outcome.value for outcome in Outcome), ENDPOINT_OFF)


def _chosen_types(**kwargs: Any) -> Any:
    return fields.List(
        Text(max=TYPE_MAX),
        validate=validate.Length(max=TYPES_MAX),
        **kwargs,
    )


def _asked_type() -> fields.String:
    return fields.String(load_default=None, validate=validate.OneOf([*notice_types()]))


class NoticeTypeSchema(Schema):
    """One kind of notice, in both languages, with an example of its data."""

    code = fields.String(required=True, metadata={"example": "licence.issued"})
    en = fields.String(required=True)
    zh = fields.String(required=True)
    about_en = fields.String(required=True)
    about_zh = fields.String(required=True)
    example = fields.Dict(required=True)


class NoticeTypesSchema(Schema):
    """Every kind."""

    items = fields.List(fields.Nested(NoticeTypeSchema), required=True)


class CreateWebhookEndpointSchema(Schema):
    """Where to send, and which kinds."""

    url = Text(required=True, max=LENGTH_MAX, metadata={"example": "https://example.com/hooks"})
    description = Text(load_default="", min=0, max=DESCRIPTION_MAX)
    notice_types = _chosen_types(load_default=list)


class ChangeWebhookEndpointSchema(Schema):
    """What is to change; what is left out stays."""

    url = Text(max=LENGTH_MAX)
    description = Text(min=0, max=DESCRIPTION_MAX)
    notice_types = _chosen_types()
    is_enabled = Flag()

    @validates_schema
    def _something(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data:
            message = "Say at least one thing to change."
            raise ValidationError(message)


class RotateWebhookSecretSchema(Schema):
    """How long the old secret signs along with the new one; 0 when it leaked."""

    overlap_seconds = Integer(load_default=OVERLAP_SECONDS, min=0, max=OVERLAP_SECONDS)


class ReplaySinceSchema(Schema):
    """From when on what did not arrive is sent again."""

    since = Timestamp(required=True)


class ReplayedSchema(Schema):
    """How many deliveries were queued; with ``has_more``, ask once more."""

    queued_count = Integer(required=True)
    has_more = fields.Boolean(required=True)


class WebhookEndpointSchema(Schema):
    """An endpoint without its secret."""

    id = Identifier(required=True)
    url = fields.String(required=True)
    description = fields.String(required=True)
    notice_types = fields.List(fields.String(), required=True)
    is_enabled = fields.Boolean(required=True)
    disabled_reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["by_owner", "gone", "failing"]),
    )
    disabled_at = Timestamp(required=True, allow_none=True)
    failing_since = Timestamp(required=True, allow_none=True)
    secret_made_at = Timestamp(required=True)
    previous_until = Timestamp(
        required=True,
        allow_none=True,
    )
    created_by = Identifier(required=True)
    created_at = Timestamp(required=True)
    changed_at = Timestamp(required=True)


class IssuedWebhookEndpointSchema(Schema):
    """An endpoint and, this once, its secret."""

    endpoint = fields.Nested(WebhookEndpointSchema, required=True)
    secret = fields.String(required=True, metadata={"example": "whsec_…"})


class WebhookDeliverySchema(Schema):
    """One notice on its way to one endpoint."""

    id = Identifier(required=True)
    endpoint_id = Identifier(required=True)
    notice_id = Identifier(required=True)
    notice_type = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(DELIVERY_STATES))
    attempts_count = Integer(required=True)
    queued_at = Timestamp(required=True)
    next_attempt_at = Timestamp(required=True, allow_none=True)
    retry_until = Timestamp(required=True)
    last_outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(_OUTCOMES))
    last_status = Integer(required=True, allow_none=True)
    ended_at = Timestamp(required=True, allow_none=True)


class WebhookAttemptSchema(Schema):
    """One attempt; nothing of the answer's body is kept."""

    number = Integer(required=True)
    started_at = Timestamp(required=True)
    milliseconds = Integer(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(_OUTCOMES))
    status = Integer(required=True, allow_none=True)


class WebhookDeliveryDetailsSchema(Schema):
    """A delivery, what is sent, and every attempt."""

    delivery = fields.Nested(WebhookDeliverySchema, required=True)
    payload = fields.Dict(required=True)
    attempts = fields.List(fields.Nested(WebhookAttemptSchema), required=True)


class WebhookDeliveryPageQuerySchema(PageQuerySchema):
    """A page of deliveries, perhaps of one endpoint, notice, type or state."""

    endpoint_id = Identifier(load_default=None)
    notice_id = Identifier(load_default=None)
    notice_type = _asked_type()
    state = fields.String(load_default=None, validate=validate.OneOf(DELIVERY_STATES))


class DeadLetterQuerySchema(PageQuerySchema):
    """A page of dead deliveries, perhaps of one organisation."""

    organisation_id = Identifier(load_default=None)


class DeadLetterSchema(WebhookDeliverySchema):
    """A delivery that was given up, and whose it is; without the message."""

    organisation_id = Identifier(required=True)


class FeedQuerySchema(PeriodQuerySchema):
    """Where to go on in the feed, of which time, and which kind."""

    binds_filters = False

    notice_type = _asked_type()


class NoticeSchema(Schema):
    """One notice; ``id`` is the webhook-id of its messages."""

    id = Identifier(required=True)
    type = fields.String(required=True, attribute="notice_type")
    timestamp = Timestamp(required=True, attribute="occurred_at")
    data = fields.Dict(required=True)


class FeedPageSchema(Schema):
    """Some of the feed, oldest first; ``next_cursor`` goes on from here now or later."""

    items = fields.List(fields.Nested(NoticeSchema), required=True)
    next_cursor = NextCursor(required=True)
    has_more = fields.Boolean(required=True)


WebhookEndpointPageSchema = page_schema(WebhookEndpointSchema)
WebhookDeliveryPageSchema = page_schema(WebhookDeliverySchema)
DeadLetterPageSchema = page_schema(DeadLetterSchema)
