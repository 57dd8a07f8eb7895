"""JSON shapes of statements' rows and their evidence."""

from marshmallow import fields

from app.web.schemas import AmountText, Identifier, Schema, Timestamp
from ledger.journal.evidence.schemas import LeafProofSchema


class SettlementRowSchema(Schema):
    """A licence's row in a settlement: what was charged and given back in its range of postings."""

    settlement_id = Identifier(required=True)
    licence_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    currency = fields.String(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    charged_amount = AmountText(required=True)
    credited_amount = AmountText(required=True)
    root_hash = fields.String(required=True)


class StatementRowEvidenceSchema(Schema):
    """A signed row with its path, and the statement's leaf with its proof."""

    format = fields.String(required=True)
    statement = fields.Raw(required=True, metadata={"type": "object"})
    signature = fields.String(required=True)
    key = fields.String(required=True)
    leaf = fields.Nested(LeafProofSchema, required=True)
    checkpoint = fields.String(required=True)


class StatementEvidenceSchema(StatementRowEvidenceSchema):
    """A signed statement with every row and its salt, and its leaf with its proof."""

    rows = fields.List(fields.Dict(keys=fields.String(), values=fields.String()), required=True)
