"""JSON shapes of acknowledgements."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Identifier, Integer, Schema, Text, Timestamp
from ledger.log.acknowledgements.services import MODES

_VKEY_MAX = 500
_SIGNED_MAX = 500


class RegisterKeySchema(Schema):
    """A public key as a C2SP vkey line, named ``<organisation id>/acknowledgements``."""

    vkey = Text(required=True, max=_VKEY_MAX)


class AcknowledgementKeySchema(Schema):
    """A registered key."""

    id = Identifier(required=True, attribute="key_id")
    vkey = fields.String(required=True)
    registered_at = Timestamp(required=True)
    withdrawn_at = Timestamp(required=True, allow_none=True)


class AcknowledgementDocumentSchema(Schema):
    """A signed acknowledgement, exactly as ``counterfoil-verify vault-acknowledge`` writes it."""

    format = Text(required=True)
    acknowledgement = fields.Dict(keys=fields.String(), required=True)
    key = Text(required=True, max=_SIGNED_MAX)
    signature = Text(required=True, max=_SIGNED_MAX)


class AcknowledgementSchema(Schema):
    """An acknowledgement that was taken."""

    id = Identifier(required=True, attribute="acknowledgement_id")
    licence_id = Identifier(required=True)
    document_hash = fields.String(required=True)
    document = fields.Dict(required=True)
    acknowledged_at = Timestamp(required=True)
    received_at = Timestamp(required=True)


class AcknowledgementQuerySchema(PageQuerySchema):
    """Filters of the list of acknowledgements."""

    licence_id = Identifier(load_default=None)


class SetEvidenceModeSchema(Schema):
    """``none``: the exchange's receipts alone. ``ack``: the buyer signs running totals.

    ``per_request``: the buyer signs each call (RFC 9421); one without a signature is refused.
    """

    mode = fields.String(required=True, validate=validate.OneOf(MODES))


class LaneTailSchema(Schema):
    """A lane's calls, and how far the buyer has acknowledged them."""

    lane = Integer(required=True)
    n = Integer(required=True)
    acknowledged_n = Integer(required=True)
    unacknowledged_count = Integer(required=True)


class EvidenceModeSchema(Schema):
    """What a licence asks of its buyer, and what is still open to dispute."""

    licence_id = Identifier(required=True)
    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    unacknowledged_count = Integer(required=True)
    lanes = fields.List(fields.Nested(LaneTailSchema), required=True)
