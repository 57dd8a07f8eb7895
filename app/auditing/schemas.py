"""Shapes of the auditor's routes."""

from marshmallow import fields, validate

from app.auditing.answering import Verdict
from app.auditing.questions import Standing
from app.auditing.trails import SOURCES
from app.core.paging import LIMIT_MAX
from app.web.paging import CursorQuerySchema, IntervalSchema, NextCursor, PageQuerySchema
from app.web.schemas import Identifier, Integer, Schema, Text, Timestamp


class ScopeSchema(IntervalSchema):
    """Filters of an answer; one that a question cannot be narrowed by is refused."""

    listing_code = Text(max=40, load_default=None)
    licence_id = Identifier(load_default=None)
    organisation_id = Identifier(load_default=None)


class AnswerQuerySchema(ScopeSchema, PageQuerySchema):
    """The filters, and which page of the findings."""


class WordingSchema(Schema):
    """A text in both languages."""

    en = fields.String(required=True)
    zh = fields.String(required=True)


class RuleSchema(Schema):
    """An invariant in words."""

    name = fields.String(required=True)
    says = fields.String(data_key="en", required=True)
    says_zh = fields.String(data_key="zh", required=True)


class AuditQuestionSchema(Schema):
    """A question, what answers it, and what of that is missing here."""

    number = Integer(attribute="wording.number", required=True)
    question = fields.Nested(WordingSchema, attribute="wording", required=True)
    standing = fields.String(
        attribute="standing.value", required=True, validate=validate.OneOf([*Standing])
    )
    answered_from = fields.List(fields.String(), attribute="wording.answered_from", required=True)
    missing = fields.List(fields.String(), attribute="wording.missing", required=True)
    filters = fields.List(fields.String(), required=True)
    rules = fields.List(fields.Nested(RuleSchema), required=True)


class AuditQuestionListSchema(Schema):
    """All twenty."""

    items = fields.List(fields.Nested(AuditQuestionSchema), required=True)


class FindingSchema(Schema):
    """A breach: the rule, its subject, and the facts that show it, ids among them."""

    rule = fields.String(required=True)
    subject = fields.String(required=True)
    facts = fields.Dict(required=True)


class AuditAnswerSchema(Schema):
    """An answer; ``examined`` counts what each rule looked at."""

    number = Integer(attribute="question.wording.number", required=True)
    question = fields.Nested(WordingSchema, attribute="question.wording", required=True)
    verdict = fields.String(
        attribute="verdict.value", required=True, validate=validate.OneOf([*Verdict])
    )
    missing = fields.List(fields.String(), attribute="question.wording.missing", required=True)
    filters = fields.Dict(attribute="scope.given", required=True)
    rules = fields.List(fields.Nested(RuleSchema), required=True)
    examined = fields.Dict(required=True)
    finding_count = Integer(required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)
    next_cursor = NextCursor(required=True, allow_none=True)
    figures = fields.Dict(required=True)
    entry_count = Integer(required=True)
    leaf_hashes = fields.List(fields.String(), required=True)


class TrailQuerySchema(CursorQuerySchema):
    """Whose trail; ``calls=false`` leaves out single calls and their charges."""

    subject = Text(max=200, required=True)
    with_calls = fields.Boolean(data_key="calls", load_default=True)
    cursor = fields.String(load_default=None, validate=validate.Length(min=1, max=600))
    limit = fields.Integer(load_default=LIMIT_MAX, validate=validate.Range(min=1, max=LIMIT_MAX))


class TrailRecordSchema(Schema):
    """One thing that was recorded; entries of the log carry leaf and leaf hash."""

    at = Timestamp(required=True)
    source = fields.String(required=True, validate=validate.OneOf(SOURCES))
    kind = fields.String(required=True)
    facts = fields.Dict(required=True)


class TrailSchema(Schema):
    """A page of a trail, oldest first; ``id_count`` is how many ids it follows."""

    subject = fields.String(required=True)
    id_count = Integer(required=True)
    is_whole = fields.Boolean(required=True)
    items = fields.List(fields.Nested(TrailRecordSchema), attribute="records", required=True)
    next_cursor = NextCursor(required=True, allow_none=True)


class ExportQuerySchema(IntervalSchema):
    """Whose records, and of which period; ``until`` is not included."""

    portion = fields.String(load_default=None, validate=validate.Length(min=1, max=1_000))
    organisation_id = Identifier(required=True)
    from_at = Timestamp(data_key="from", required=True)
    until_at = Timestamp(data_key="until", required=True)
