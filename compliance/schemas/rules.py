"""Shapes of rule sets and of what changed between two."""

from marshmallow import fields, validate

from app.web.schemas import Integer, Schema


class RuleSetSummarySchema(Schema):
    """A published rule set."""

    version = Integer()
    hash = fields.String()
    published_on = fields.String(attribute="document.published_on")
    is_current = fields.Boolean()


class RuleSetListSchema(Schema):
    """Every published rule set, oldest first."""

    items = fields.List(fields.Nested(RuleSetSummarySchema))


class RuleSetChangeQuerySchema(Schema):
    """The set to compare with."""

    since = fields.String(
        required=True,
        validate=validate.Regexp(r"\A[0-9a-f]{64}\Z", error="64 lower-case hexadecimal digits."),
    )


class RuleChangeSchema(Schema):
    """What became of one rule: added, removed, or which of its members changed."""

    rule_id = fields.String()
    change = fields.String()
    members = fields.List(fields.String())


class RuleSetChangesSchema(Schema):
    """Everything between two rule sets."""

    since = fields.String()
    hash = fields.String()
    items = fields.List(fields.Nested(RuleChangeSchema))
