"""JSON shapes of credits and disputes."""

from marshmallow import ValidationError, fields, validate, validates_schema

from app.web.paging import PageQuerySchema
from app.web.schemas import AmountText, Identifier, Integer, Schema, Text, Timestamp
from ledger.journal.schemas import LeafProofSchema
from ledger.journal.settlement import disputes
from ledger.journal.settlement.credits import CALL, ORDER, PERIOD, REASON_CODES

WORDS_MAX = 4_000
_UNNAMED = "A call is named by lane and n (or by its receipt), a period by its name."


NOTHING = (
    "An accepted call gives something back: an amount over 0. One that is rejected is left out."
)


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
        validate=validate.Length(min=1, max=disputes.CALLS_MAX),
    )


class CreditQuerySchema(PageQuerySchema):
    """Credits of one licence, or of all."""

    licence_id = Identifier(load_default=None)


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


class ClaimSchema(Schema):
    """A disputed call: the receipt as it was delivered, or the call's lane and n."""

    receipt = Text(max=disputes.RECEIPT_CHARACTERS_MAX, load_default=None)
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
    reason_code = fields.String(required=True, validate=validate.OneOf(disputes.REASON_CODES))
    text = Text(max=WORDS_MAX, required=True)
    calls = fields.List(
        fields.Nested(ClaimSchema),
        required=True,
        validate=validate.Length(min=1, max=disputes.CALLS_MAX),
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
        validate=validate.Length(max=disputes.CALLS_MAX),
    )
    text = Text(max=WORDS_MAX, required=True)


class DisputeQuerySchema(PageQuerySchema):
    """Disputes of one licence, in one state, or all."""

    licence_id = Identifier(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf([*disputes.DisputeState]))


class DisputeSummarySchema(Schema):
    """A dispute in a list."""

    id = Identifier(required=True, attribute="dispute_id")
    licence_id = Identifier(required=True)
    buyer_id = Identifier(required=True)
    supplier_id = Identifier(required=True)
    reason_code = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*disputes.DisputeState]))
    decision = fields.String(allow_none=True, validate=validate.OneOf(disputes.DECISIONS))
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
    finding = fields.String(required=True)
    detail = fields.String(required=True)
    leaf_hash = fields.String(allow_none=True)
    invoice_id = Identifier(allow_none=True)
    amount = AmountText(required=True)
    is_accepted = fields.Boolean(allow_none=True)
    accepted_amount = AmountText(
        required=True,
        allow_none=True,
        metadata={"description": "What was credited of the call; null until it is decided."},
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
