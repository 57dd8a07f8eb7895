"""JSON shapes of money in suspense."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import AmountText, Identifier, Schema, Text, Timestamp
from ledger.journal.suspense.models import SUSPENSE_ASSIGNMENT, SUSPENSE_RETURN

_STATE = validate.OneOf(sorted(SUSPENSE_ASSIGNMENT.states()))


class SuspenseQuerySchema(PageQuerySchema):
    """What is still there (``is_open=true``), what was assigned or goes back, or all."""

    is_open = fields.Boolean(load_default=None)


class SuspendedSchema(Schema):
    """Money that arrived (below 0: left) without anything of the exchange's that explains it."""

    reference = fields.String(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    booked_at = Timestamp(required=True)


class ProposeSuspenseAssignmentSchema(Schema):
    """Whose money it is, and how one knows."""

    reference = Text(max=200, required=True)
    organisation_id = Identifier(required=True)
    reason = Text(max=2000, required=True)


class SuspenseAssignmentQuerySchema(PageQuerySchema):
    """Assignments in one state, or all."""

    state = fields.String(load_default=None, validate=_STATE)
    is_for_me = fields.Boolean(load_default=False)


class SuspenseAssignmentSchema(Schema):
    """Who said whose money it is, and who agreed."""

    id = Identifier(required=True, attribute="assignment_id")
    reference = fields.String(required=True)
    organisation_id = Identifier(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    proposed_by = Identifier(required=True)
    proposed_at = Timestamp(required=True)
    decided_by = Identifier(allow_none=True)
    decided_at = Timestamp(allow_none=True)


_STATE = validate.OneOf(sorted(SUSPENSE_RETURN.states()))


class ProposeSuspenseReturnSchema(Schema):
    """Which money goes back to its sender, and why."""

    reference = Text(max=200, required=True)
    reason = Text(max=2000, required=True)


class SuspenseReturnQuerySchema(PageQuerySchema):
    """Returns in one state, or all."""

    state = fields.String(
        load_default=None,
        validate=_STATE,
    )
    is_for_me = fields.Boolean(load_default=False)


class SuspenseReturnSchema(Schema):
    """Who said that it goes back, who agreed, and what the bank did."""

    id = Identifier(required=True, attribute="return_id")
    reference = fields.String(required=True)
    amount = AmountText(required=True)
    currency = fields.String(required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True, validate=_STATE)
    proposed_by = Identifier(required=True)
    proposed_at = Timestamp(required=True)
    decided_by = Identifier(allow_none=True)
    decided_at = Timestamp(allow_none=True)
    provider_reference = fields.String(allow_none=True)
    failure_code = fields.String(allow_none=True)
    ended_at = Timestamp(allow_none=True)
