"""Shapes of the log's routes."""

from marshmallow import fields, validate

from app.web.paging import PeriodQuerySchema
from app.web.schemas import Identifier, Integer, Schema, Text, Timestamp

AWAIT_SECONDS_MAX = 5
_TREE_SIZE_MAX = 2**53 - 1


class EntryQuerySchema(PeriodQuerySchema):
    """Filters of the list of entries; times are when the exchange recorded the entry."""

    type = Text(max=64, load_default=None)
    licence_id = Identifier(load_default=None)
    subject = Text(max=200, load_default=None)


class LogEntrySchema(Schema):
    """An entry: its fact, and its place in the tree once it has one."""

    leaf_hash = fields.String(required=True)
    type = fields.String(required=True)
    licence_id = fields.String(required=True, allow_none=True)
    recorded_at = Timestamp(required=True)
    index = Integer(required=True, allow_none=True)
    is_published = fields.Boolean(required=True)
    leaf = fields.Dict(required=True)


class ProofQuerySchema(Schema):
    """How many seconds to wait for publication."""

    await_seconds = fields.Integer(
        data_key="await",
        load_default=0,
        validate=validate.Range(min=0, max=AWAIT_SECONDS_MAX),
    )


class ConsistencyQuerySchema(Schema):
    """Two tree sizes; ``to`` is the published one unless given."""

    first = fields.Integer(
        data_key="from", required=True, validate=validate.Range(min=1, max=_TREE_SIZE_MAX)
    )
    second = fields.Integer(
        data_key="to", load_default=None, validate=validate.Range(min=1, max=_TREE_SIZE_MAX)
    )


class ConsistencyProofSchema(Schema):
    """Hashes and roots in base64 (RFC 9162 section 2.1.4)."""

    first = Integer(data_key="from", attribute="from", required=True)
    second = Integer(data_key="to", attribute="to", required=True)
    from_root = fields.String(required=True)
    to_root = fields.String(required=True)
    hashes = fields.List(fields.String(), required=True)


class TrustSchema(Schema):
    """What the log's heads rest on besides the exchange's own signature, in plain words."""

    witnesses = fields.String(required=True)
    anchors = fields.String(required=True)


class WitnessSchema(Schema):
    """One outside party that is asked to cosign, and how that goes."""

    name = fields.String(required=True)
    key = fields.String(required=True)
    cosigned_size = Integer(required=True, allow_none=True)
    cosigned_at = Timestamp(required=True, allow_none=True)
    failing_since = Timestamp(required=True, allow_none=True)
    last_failure = fields.String(required=True, allow_none=True)


class LogWitnessesSchema(Schema):
    """How many cosignatures a head needs, the newest head that has them, and each witness."""

    needed = Integer(required=True)
    witnessed_size = Integer(required=True, allow_none=True)
    witnessed_at = Timestamp(required=True, allow_none=True)
    witnesses = fields.List(fields.Nested(WitnessSchema), required=True)


class LogStatusSchema(Schema):
    """How far the log has come; ages in seconds."""

    origin = fields.String(required=True)
    tree_size = Integer(required=True)
    published_size = Integer(required=True)
    unsequenced_count = Integer(required=True)
    held_count = Integer(required=True)
    last_checkpoint_at = Timestamp(required=True, allow_none=True)
    last_checkpoint_age_seconds = Integer(required=True, allow_none=True)
    is_signing = fields.Boolean(required=True)
    stopped_reason = fields.String(required=True, allow_none=True)
    trust = fields.Nested(TrustSchema, required=True)


class KeyRangeSchema(Schema):
    """A key and the tree sizes and times between which it was valid."""

    role = fields.String(required=True)
    key = fields.String(required=True)
    from_size = Integer(required=True)
    from_at = fields.String()
    until_size = Integer()
    until_at = fields.String()
    reason = fields.String()


class LogKeysSchema(Schema):
    """The log's public keys as C2SP vkey lines: the current ones, and all with their range."""

    origin = fields.String(required=True)
    checkpoint = fields.String(required=True)
    receipts = fields.String(required=True)
    statements = fields.String(required=True)
    history = fields.List(fields.Nested(KeyRangeSchema), required=True)


class LogShardSchema(Schema):
    """A shard: the log of a year, below ``/log/<shard>``."""

    shard = fields.String(required=True)
    origin = fields.String(required=True)
    published_size = Integer(required=True)
    is_closed = fields.Boolean(required=True)
    stopped_reason = fields.String(required=True, allow_none=True)


class LogShardsSchema(Schema):
    """Every shard, the open one first."""

    shards = fields.List(fields.Nested(LogShardSchema), required=True)


class OpenedSchema(Schema):
    """A shard's first leaf with its inclusion proof, in base64."""

    entry = fields.String(required=True)
    index = Integer(required=True)
    path = fields.List(fields.String(), required=True)


class ShardOpeningSchema(Schema):
    """A shard's first leaf under its newest checkpoint, and the checkpoint that it carries on."""

    origin = fields.String(required=True)
    checkpoint = fields.String(required=True)
    opened = fields.Nested(OpenedSchema, required=True)
    predecessor_checkpoint = fields.String(required=True, allow_none=True)


class RequestBundleSchema(Schema):
    """Whose evidence is wanted."""

    licence_id = Identifier(required=True)
