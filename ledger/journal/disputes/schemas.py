"""JSON shapes of disputes and their evidence."""

from marshmallow import ValidationError, fields, validate, validates_schema

from app.web.paging import PeriodQuerySchema, side_field
from app.web.schemas import AmountText, Identifier, Integer, Schema, Text, Timestamp
from ledger.journal.credits import notes
from ledger.journal.disputes import life_cycle, receipts
from ledger.journal.disputes.examination import Finding
from ledger.journal.evidence.schemas import LeafProofSchema

WORDS_MAX = 4_000

_UNNAMED = "A call is named by lane and n (or by its receipt), a period by its name."

NOTHING = (
    "An accepted call gives something back: an amount over 0. One that is rejected is left out."
)


class ClaimSchema(Schema):
    """A disputed call: the receipt as it was delivered, or the call's lane and n."""

    receipt = Text(max=receipts.RECEIPT_CHARACTERS_MAX, load_default=None)
    lane = Integer(load_default=None, min=1)
    n = Integer(load_default=None, min=1)

    @validates_schema
    def check_named(self, data: dict[str, object], **_: object) -> None:
        """Either the receipt, or both numbers."""
        has_place = data.get("lane") is not None and data.get("n") is not None
        if (data.get("receipt") is None) != has_place:
            raise ValidationError(_UNNAMED, "receipt")


class OpenDisputeSchema(Schema):
    """Calls of one licence that are disputed, and why; the words are for the parties alone."""

    licence_id = Identifier(required=True)
    reason_code = fields.String(required=True, validate=validate.OneOf(life_cycle.REASON_CODES))
    text = Text(max=WORDS_MAX, required=True)
    calls = fields.List(
        fields.Nested(ClaimSchema),
        required=True,
        validate=validate.Length(min=1, max=notes.CALLS_MAX),
    )


class AnswerDisputeSchema(Schema):
    """The supplier's words."""

    text = Text(max=WORDS_MAX, required=True)


class AcceptedCallSchema(Schema):
    """A call whose claim is accepted, for ``amount`` or wholly: for what its period left of it."""

    lane = Integer(required=True, min=1)
    n = Integer(required=True, min=1)
    amount = AmountText(load_default=None, validate=validate.Range(min=1, error=NOTHING))


class DecideDisputeSchema(Schema):
    """The calls that are accepted; none rejects the dispute."""

    accepted = fields.List(
        fields.Nested(AcceptedCallSchema),
        required=True,
        validate=validate.Length(max=notes.CALLS_MAX),
    )
    text = Text(max=WORDS_MAX, required=True)


class DisputeQuerySchema(PeriodQuerySchema):
    """Which disputes; the period is that of opening."""

    side = side_field()
    listing_code = Text(max=64, load_default=None)
    licence_id = Identifier(load_default=None)
    buyer_id = Identifier(load_default=None)
    supplier_id = Identifier(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([*life_cycle.DisputeState]))


class DisputeSummarySchema(Schema):
    """A dispute in a list."""

    id = Identifier(required=True, attribute="dispute_id")
    licence_id = Identifier(required=True)
    buyer_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    reason_code = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*life_cycle.DisputeState]))
    decision = fields.String(allow_none=True, validate=validate.OneOf(life_cycle.DECISIONS))
    claimed_amount = AmountText(required=True)
    accepted_amount = AmountText(allow_none=True)
    currency = fields.String(required=True)
    bundle_hash = fields.String(required=True)
    opened_at = Timestamp(required=True)
    answer_until_at = Timestamp(required=True)
    credit_id = Identifier(allow_none=True)


class DisputedCallSchema(Schema):
    """What was found about a call: ``matches``, ``differs`` or ``unknown``, and why."""

    lane = fields.Integer(required=True)
    n = fields.Integer(required=True)
    finding = fields.String(required=True, validate=validate.OneOf([*Finding]))
    detail = fields.String(required=True)
    leaf_hash = fields.String(allow_none=True)
    invoice_id = Identifier(allow_none=True)
    amount = AmountText(required=True)
    is_accepted = fields.Boolean(allow_none=True)
    accepted_amount = AmountText(
        required=True,
        allow_none=True,
    )


class DisputeSchema(DisputeSummarySchema):
    """A dispute with the parties' words and its calls."""

    text = fields.String(required=True)
    opened_by = Identifier(required=True)
    answered_by = Identifier(allow_none=True)
    answered_at = Timestamp(allow_none=True)
    answer_text = fields.String(allow_none=True)
    decided_by = Identifier(allow_none=True)
    decided_at = Timestamp(allow_none=True)
    decision_text = fields.String(allow_none=True)
    withdrawn_at = Timestamp(allow_none=True)
    calls = fields.List(fields.Nested(DisputedCallSchema), required=True)


class DisputeEvidenceSchema(Schema):
    """The signed bundle and the proofs of its leaves (counterfoil-dispute-evidence/1)."""

    format = fields.String(required=True)
    bundle = fields.Raw(required=True, metadata={"type": "object"})
    signature = fields.String(required=True)
    key = fields.String(required=True)
    leaves = fields.List(fields.Nested(LeafProofSchema), required=True)
    checkpoint = fields.String(required=True, allow_none=True)
