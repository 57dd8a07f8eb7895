"""JSON shapes of credits and their evidence."""

from marshmallow import ValidationError, fields, validate, validates_schema

from app.web.paging import PeriodQuerySchema
from app.web.schemas import AmountText, Identifier, Integer, Schema, Text, Timestamp
from ledger.journal.credits import notes
from ledger.journal.credits.notes import CALL, ORDER, PERIOD, REASON_CODES
from ledger.journal.evidence.schemas import LeafProofSchema

_UNNAMED = "A call is named by lane and n (or by its receipt), a period by its name."


class CorrectionSchema(Schema):
    """What a credit corrects: a call by lane and n, the order's price, or a period by its name.

    ``amount`` may be less than was charged; without it, all that was charged is given back.
    """

    kind = fields.String(required=True, validate=validate.OneOf((CALL, ORDER, PERIOD)))
    lane = Integer(load_default=None, min=1)
    n = Integer(load_default=None, min=1)
    period = Text(max=40, load_default=None)
    amount = AmountText(load_default=None)

    @validates_schema
    def check_named(self, data: dict[str, object], **_: object) -> None:
        """A call needs its place and a period its name."""
        needed = {CALL: ("lane", "n"), ORDER: (), PERIOD: ("period",)}[str(data["kind"])]
        for name in needed:
            if data.get(name) is None:
                raise ValidationError(_UNNAMED, name)


class GiveCreditSchema(Schema):
    """A credit to give to a licence's buyer."""

    licence_id = Identifier(required=True)
    reason_code = fields.String(required=True, validate=validate.OneOf(REASON_CODES))
    corrects = fields.List(
        fields.Nested(CorrectionSchema),
        required=True,
        validate=validate.Length(min=1, max=notes.CALLS_MAX),
    )


class CreditQuerySchema(PeriodQuerySchema):
    """Which credits; the period is that of giving."""

    listing_code = Text(max=64, load_default=None)
    licence_id = Identifier(load_default=None)
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)


class CreditSummarySchema(Schema):
    """A credit in a list: the licence's ``n``-th, ``total_amount`` with all before it."""

    id = Identifier(required=True, attribute="credit_id")
    licence_id = Identifier(required=True)
    n = fields.Integer(required=True)
    buyer_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    amount = AmountText(required=True)
    total_amount = AmountText(required=True)
    currency = fields.String(required=True)
    reason_code = fields.String(required=True)
    corrects_hash = fields.String(required=True)
    note_hash = fields.String(required=True)
    given_at = Timestamp(required=True)


class CreditSchema(CreditSummarySchema):
    """A credit with its signed note, whose amounts are whole numbers of 10⁻⁸ units."""

    document = fields.Raw(required=True, metadata={"type": "object"})
    key = fields.String(required=True)
    signature = fields.String(required=True)


class CreditEvidenceSchema(Schema):
    """A credit note to check offline (counterfoil-credit-note-evidence/1)."""

    format = fields.String(required=True)
    note = fields.Raw(required=True, metadata={"type": "object"})
    signature = fields.String(required=True)
    key = fields.String(required=True)
    credits = fields.List(fields.Nested(LeafProofSchema), required=True)
    checkpoint = fields.String(required=True)
