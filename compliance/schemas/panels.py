"""Shapes of panels, their seats and votes, and of the review's policy."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import ByName, Integer, Schema, Text, Timestamp
from compliance.review.panels import KINDS, PanelState
from compliance.schemas.reviews import ITEMS_MAX, REASON_MAX, ItemSchema, one_of

VOTES = {"for": True, "against": False}
PARAMETERS_MAX = 50


class PanelQuerySchema(PageQuerySchema):
    """Filters of the panels."""

    state = fields.String(load_default=None, validate=one_of(PanelState))
    is_for_me = fields.Boolean(load_default=False)


class SeatSchema(Schema):
    """A member and their vote."""

    member_id = fields.String()
    in_favour = fields.Boolean(allow_none=True)
    reason = fields.String(allow_none=True)
    seated_at = Timestamp()
    voted_at = Timestamp(allow_none=True)


class PanelSchema(Schema):
    """A panel as it sits, or came to its end."""

    id = fields.String()
    kind = fields.String(validate=validate.OneOf(KINDS))
    subject_id = fields.String()
    scenario_id = fields.String(allow_none=True)
    case_id = fields.String(allow_none=True)
    size = fields.Integer()
    quorum = fields.Integer()
    needs_two_thirds = fields.Boolean()
    state = fields.String(validate=one_of(PanelState))
    in_favour_count = fields.Integer()
    against_count = fields.Integer()
    opened_at = Timestamp()
    due_at = Timestamp()
    escalated_at = Timestamp(allow_none=True)
    concluded_at = Timestamp(allow_none=True)
    seats = fields.List(fields.Nested(SeatSchema))


class DecideAppealSchema(Schema):
    """A member's vote with its reason."""

    vote = fields.String(required=True, validate=validate.OneOf(sorted(VOTES)))
    reason = Text(max=REASON_MAX, required=True)


class VoteSchema(DecideAppealSchema):
    """A member's vote, and answers to what the machine left open in a case."""

    items = fields.List(
        fields.Nested(ItemSchema), load_default=list, validate=validate.Length(max=ITEMS_MAX)
    )


class PolicySchema(Schema):
    """The review's policy in force, each value with its owner, source and flag."""

    policy_hash = fields.String()
    document = fields.Dict(keys=fields.String())


class SetPolicySchema(Schema):
    """Values that change, from when, and on whose word."""

    values_set = ByName(
        keys=fields.String(validate=validate.Length(min=1, max=60)),
        values=Integer(min=0, max=10_000),
        data_key="values",
        attribute="values",
        load_default=dict,
        validate=validate.Length(max=PARAMETERS_MAX),
    )
    holidays = fields.List(fields.Date(), load_default=None, validate=validate.Length(max=400))
    effective_from = Timestamp(load_default=None)
    reference = Text(max=300, required=True)


class HeldPolicySchema(Schema):
    """A policy that was set."""

    id = fields.String()
    policy_hash = fields.String()
    effective_from = Timestamp()
    set_at = Timestamp()
