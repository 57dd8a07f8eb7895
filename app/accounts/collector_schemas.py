"""The JSON shapes of the keys of systems that collect consents."""

from marshmallow import fields, validate

from app.accounts.api_key_schemas import CIDR_MAX
from app.accounts.networks import NETWORKS_MAX
from app.accounts.schemas import NAME_MAX
from app.accounts.services.collector_keys import REQUESTS_PER_MINUTE_MAX
from app.web.paging import PageQuerySchema, page_schema
from app.web.schemas import Identifier, Integer, Schema, Text, Timestamp

REQUESTS_PER_MINUTE_DEFAULT = 600
STATES = ("live", "rotated", "expired", "revoked")


class IssueCollectorKeySchema(Schema):
    """A key for a system that records consents, and does nothing else."""

    name = Text(required=True, max=NAME_MAX)
    networks = fields.List(
        Text(max=CIDR_MAX),
        load_default=list,
        validate=validate.Length(max=NETWORKS_MAX),
    )
    requests_per_minute = Integer(
        load_default=REQUESTS_PER_MINUTE_DEFAULT, min=1, max=REQUESTS_PER_MINUTE_MAX
    )
    expires_at = Timestamp(load_default=None, allow_none=True)


class CollectorKeyPageQuerySchema(PageQuerySchema):
    """A page of keys, perhaps of one collector."""

    collector_id = Identifier(load_default=None)


class CollectorKeySchema(Schema):
    """A key without its secret."""

    id = Identifier(required=True)
    collector_id = Identifier(required=True)
    name = fields.String(required=True)
    prefix = fields.String(attribute="hint", required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    networks = fields.List(fields.String(), required=True)
    requests_per_minute = fields.Integer(required=True)
    issued_by = Identifier(required=True)
    issued_at = Timestamp(required=True)
    expires_at = Timestamp(required=True)
    revoked_at = Timestamp(required=True, allow_none=True)
    revoked_by = Identifier(required=True, allow_none=True)
    rotated_to = Identifier(required=True, allow_none=True)
    last_used_at = Timestamp(required=True, allow_none=True)


class IssuedCollectorKeySchema(Schema):
    """A key and, this once, its text."""

    collector_key = fields.Nested(CollectorKeySchema, required=True)
    text = fields.String(required=True, metadata={"example": "cfc_0a1b2c3d_…"})


CollectorKeyPageSchema = page_schema(CollectorKeySchema)
