"""The JSON shape of a proof."""

from marshmallow import fields

from app.web.schemas import Schema


class LeafProofSchema(Schema):
    """A leaf, base64, its index and its path under the checkpoint."""

    entry = fields.String(required=True)
    index = fields.Integer(required=True)
    path = fields.List(fields.String(), required=True)
