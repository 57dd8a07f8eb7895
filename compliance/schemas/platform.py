"""Shapes of the duties that no code enforces."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import Integer, Schema, Text, Timestamp
from compliance.rules.platform import DutyState, duty_ids
from compliance.schemas.reviews import REASON_MAX, one_of

LOG_DAYS_MAX = 36_500


class PlatformFactsSchema(Schema):
    """What the rules of the platform read."""

    log_days = Integer(max=LOG_DAYS_MAX)


class StateDutySchema(Schema):
    """How a duty is met, on which document's word, and until when."""

    facts = fields.Nested(PlatformFactsSchema, load_default=dict)
    statement = Text(max=REASON_MAX, required=True)
    document_hash = fields.String(
        required=True,
        validate=validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 hexadecimal digits."),
    )
    valid_until = Timestamp(required=True)


class PlatformStatementSchema(Schema):
    """A statement with what its rule made of it."""

    id = fields.String()
    rule_id = fields.String()
    rule_set_hash = fields.String()
    facts = fields.Dict(keys=fields.String())
    input_hash = fields.String()
    outcome = fields.String()
    decided_by = fields.Dict(keys=fields.String())
    statement = fields.String()
    document_hash = fields.String()
    valid_until = Timestamp()
    stated_by = fields.String()
    stated_at = Timestamp()
    confirmed_by = fields.String(allow_none=True)
    confirmed_at = Timestamp(allow_none=True)
    escalated_at = Timestamp(allow_none=True)


class PlatformDutySchema(Schema):
    """A duty in words, its source in law, and how it stands."""

    rule_id = fields.String(attribute="rule.id")
    message = fields.String(attribute="rule.message")
    message_zh = fields.String(attribute="rule.message_zh")
    law_refs = fields.List(fields.String(), attribute="rule.law_refs")
    severity = fields.String(attribute="rule.severity")
    owner = fields.String(attribute="rule.owner")
    is_confirmed = fields.Boolean(attribute="rule.confirmed")
    state = fields.String(validate=one_of(DutyState))
    statement = fields.Nested(PlatformStatementSchema, allow_none=True)


class PlatformDutyListSchema(Schema):
    """Every duty in force."""

    items = fields.List(fields.Nested(PlatformDutySchema))


class PlatformStatementQuerySchema(PageQuerySchema):
    """Which statements to show."""

    rule_id = fields.String(load_default=None, validate=validate.OneOf(sorted(duty_ids())))
