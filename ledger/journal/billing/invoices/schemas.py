"""JSON shapes of invoices and their evidence."""

from marshmallow import fields

from app.web.paging import PeriodQuerySchema
from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from ledger.journal.evidence.schemas import LeafProofSchema


class IssueInvoiceSchema(Schema):
    """A licence and a period that is over; ``from`` is included, ``until`` is not."""

    licence_id = Identifier(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)


class InvoiceQuerySchema(PeriodQuerySchema):
    """Which invoices; the period is that of issuing, not the one that they bill."""

    listing_code = Text(max=64, load_default=None)
    licence_id = Identifier(load_default=None)
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)


class InvoiceSummarySchema(Schema):
    """An invoice in a list."""

    id = Identifier(required=True, attribute="invoice_id")
    licence_id = Identifier(required=True)
    buyer_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
    total_amount = AmountText(required=True)
    currency = fields.String(required=True)
    invoice_hash = fields.String(required=True)
    issued_at = Timestamp(required=True)


class InvoiceSchema(InvoiceSummarySchema):
    """An invoice with its signed document, whose amounts are whole numbers of 10⁻⁸ units."""

    document = fields.Raw(required=True, metadata={"type": "object"})
    key = fields.String(attribute="key_name", required=True)
    signature = fields.String(attribute="signature_text", required=True)


class LaneEvidenceSchema(Schema):
    """The two leaves whose difference is the lane's part of the invoice."""

    lane = fields.Integer(required=True)
    opening = fields.Nested(LeafProofSchema, required=True)
    closing = fields.Nested(LeafProofSchema, required=True)


class InvoiceEvidenceSchema(Schema):
    """Everything needed to check an invoice offline (counterfoil-invoice-evidence/1)."""

    format = fields.String(required=True)
    invoice = fields.Raw(required=True, metadata={"type": "object"})
    signature = fields.String(required=True)
    key = fields.String(required=True)
    lanes = fields.List(fields.Nested(LaneEvidenceSchema), required=True)
    lane_count = fields.Integer(required=True)
    checkpoint = fields.String(required=True)


class RebuiltSchema(Schema):
    """The invoice made again from leaves and books; the hash is the one that was signed."""

    invoice_id = Identifier(required=True)
    invoice_hash = fields.String(required=True)
    document = fields.Raw(required=True, metadata={"type": "object"})
