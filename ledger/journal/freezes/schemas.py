"""JSON shapes of freezes."""

from marshmallow import fields

from app.web.paging import PeriodQuerySchema
from app.web.schemas import Identifier, Schema, Text, Timestamp


class LiftFreezeSchema(Schema):
    """Why the account may give again."""

    reason = Text(max=500, required=True)


class AccountFreezeQuerySchema(PeriodQuerySchema):
    """Which freezes; the period is that of freezing."""

    organisation_id = Identifier(load_default=None)
    is_open = fields.Boolean(load_default=None)
    is_for_me = fields.Boolean(load_default=False)


class AccountFreezeSchema(Schema):
    """A frozen account, what was found, and who looked."""

    id = Identifier(required=True, attribute="freeze_id")
    account_id = fields.String(required=True)
    organisation_id = fields.String(required=True)
    rule = fields.String(required=True)
    finding = fields.Raw(required=True, metadata={"type": "object"})
    frozen_at = Timestamp(required=True)
    lift_reason = fields.String(allow_none=True)
    lift_asked_by = Identifier(allow_none=True)
    lift_asked_at = Timestamp(allow_none=True)
    lifted_by = Identifier(allow_none=True)
    lifted_at = Timestamp(allow_none=True)
