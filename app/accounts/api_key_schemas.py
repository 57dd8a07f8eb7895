"""The JSON shapes of API keys: the credentials of machines for the data plane."""

from marshmallow import fields, validate

from app.accounts.networks import NETWORKS_MAX
from app.accounts.schemas import NAME_MAX
from app.web.paging import PageQuerySchema, page_schema
from app.web.schemas import Identifier, Integer, Schema, Text, Timestamp

OVERLAP_SECONDS_MAX = 7 * 24 * 3_600
CALLS_PER_SECOND_MAX = 100_000
CIDR_MAX = 49


class IssueApiKeySchema(Schema):
    """A key for the calls of one licence."""

    licence_id = Identifier(required=True)
    name = Text(required=True, max=NAME_MAX)
    networks = fields.List(
        Text(max=CIDR_MAX),
        load_default=list,
        validate=validate.Length(max=NETWORKS_MAX),
    )
    calls_per_second = Integer(
        load_default=None,
        allow_none=True,
        min=1,
        max=CALLS_PER_SECOND_MAX,
    )
    expires_at = Timestamp(load_default=None, allow_none=True)


class RotateApiKeySchema(Schema):
    """How long the old key goes on working."""

    overlap_seconds = Integer(required=True, min=0, max=OVERLAP_SECONDS_MAX)


class ApiKeyPageQuerySchema(PageQuerySchema):
    """A page of keys, perhaps of one licence."""

    licence_id = Identifier(load_default=None)


class ApiKeySchema(Schema):
    """A key without its secret."""

    id = Identifier(required=True)
    licence_id = Identifier(required=True)
    name = fields.String(required=True)
    prefix = fields.String(attribute="hint", required=True)
    networks = fields.List(fields.String(), required=True)
    calls_per_second = fields.Integer(required=True, allow_none=True)
    issued_by = Identifier(required=True)
    issued_at = Timestamp(required=True)
    expires_at = Timestamp(required=True)
    revoked_at = Timestamp(required=True, allow_none=True)
    rotated_to = Identifier(required=True, allow_none=True)


class IssuedApiKeySchema(Schema):
    """A key and, this once, its text."""

    api_key = fields.Nested(ApiKeySchema, required=True)
    text = fields.String(required=True, metadata={"example": "cfk_0a1b2c3d_…"})


ApiKeyPageSchema = page_schema(ApiKeySchema)
