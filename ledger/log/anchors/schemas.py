"""JSON shapes of anchors and of the chain's status."""

from marshmallow import fields, validate

from app.web.schemas import Identifier, Integer, Schema, Text, Timestamp
from ledger.log.anchors.states import AnchorState

REASON_MAX = 200

PROSE_MAX = 2_000


class AnchorSchema(Schema):
    """A published head on its way onto the chain."""

    id = Identifier(required=True)
    origin = Text(required=True)
    chain_id = Integer(required=True)
    contract = Text(required=True)
    tree_size = Integer(required=True)
    root_hash = Text(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf([state.value for state in AnchorState])
    )
    transaction_hash = Text(required=True)
    block_number = Integer(allow_none=True)
    block_hash = Text(allow_none=True)
    planned_at = Timestamp(required=True)
    mined_at = Timestamp(allow_none=True)
    final_at = Timestamp(allow_none=True)
    lost_reason = Text(allow_none=True)


class ChainStatusSchema(Schema):
    """What the chain behind the log is worth, and how far it has come; counts are leaves."""

    trust = Text(
        required=True,
        max=PROSE_MAX,
    )
    has_independent_validators = fields.Boolean(required=True)
    chain_id = Integer(required=True, allow_none=True)
    client_version = Text(required=True, allow_none=True)
    contract = Text(required=True, allow_none=True)
    finality = Text(required=True, allow_none=True)
    published_size = Integer(required=True)
    anchored_size = Integer(required=True)
    unanchored_count = Integer(required=True)
    final_size = Integer(required=True)
    last_final_at = Timestamp(required=True, allow_none=True)
    last_final_age_seconds = Integer(required=True, allow_none=True)
    answered_at = Timestamp(required=True, allow_none=True)
    failing_since = Timestamp(required=True, allow_none=True)
    last_error = Text(required=True, max=PROSE_MAX, allow_none=True)
    signing_stopped = Text(required=True, allow_none=True)


class RequestAnchorSchema(Schema):
    """A request to anchor the newest published head at once."""

    reason = Text(required=True, max=REASON_MAX)


class AnchorRequestSchema(Schema):
    """An accepted request; its answer shows in the list of anchors."""

    id = Identifier(required=True)
    reason = Text(required=True, max=REASON_MAX)
    requested_at = Timestamp(required=True)
