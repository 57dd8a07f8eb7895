"""Shapes of review cases, declarations and decisions."""

from marshmallow import fields, validate

from app.web.paging import PageQuerySchema
from app.web.schemas import ByName, Schema, Text, Timestamp
from compliance.review.case_machine import Decision, Stage
from compliance.review.changes import ChangeClass
from compliance.review.conflicts import Answer
from compliance.review.history import HistoryKind
from compliance.review.risk import RiskLevel
from compliance.review.specialities import codes
from compliance.rules.rule_set import Severity
from compliance.rules.verdicts import Outcome

REASON_MAX = 2_000
ITEMS_MAX = 100
HOURS_MAX = 24 * 3650
ORDERS = ("oldest", "severity", "due")
ANSWERABLE = (Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE)


def one_of(values: object) -> validate.OneOf:
    """A choice among the values of an enumeration."""
    return validate.OneOf([str(value) for value in values])  # type: ignore[attr-defined] # enumerations iterate


class CaseQuerySchema(PageQuerySchema):
    """Filters of the reviewers' queue."""

    stage = fields.String(load_default=None, validate=one_of(Stage))
    severity = fields.String(load_default=None, validate=one_of(Severity))
    risk_level = fields.String(load_default=None, validate=one_of(RiskLevel))
    listing_code = Text(load_default=None, max=64)
    supplier_id = Text(load_default=None, max=64)
    older_than_hours = fields.Integer(
        load_default=None, validate=validate.Range(min=0, max=HOURS_MAX)
    )
    specialities = fields.List(
        fields.String(validate=validate.OneOf(sorted(codes()))),
        data_key="speciality",
        load_default=list,
        validate=validate.Length(max=30),
    )
    is_overdue = fields.Boolean(load_default=None)
    is_free = fields.Boolean(load_default=None)
    is_for_me = fields.Boolean(
        load_default=False,
    )
    order = fields.String(load_default="oldest", validate=validate.OneOf(ORDERS))


class CaseSummarySchema(Schema):
    """A line of the queue."""

    id = fields.String()
    version_id = fields.String()
    product_id = fields.String()
    supplier_id = fields.String()
    listing_code = fields.String()
    round = fields.Integer()
    supplement_round = fields.Integer()
    is_for_listing = fields.Boolean()
    stage = fields.String(validate=one_of(Stage))
    severity = fields.String(validate=one_of(Severity))
    risk_level = fields.String(validate=one_of(RiskLevel))
    risk_score = fields.Integer()
    risk_factors = fields.Dict(keys=fields.String(), values=fields.Integer())
    needs_panel = fields.Boolean()
    dossier_hash = fields.String()
    rule_set_hash = fields.String()
    opened_at = Timestamp()
    stage_since_at = Timestamp()
    due_at = Timestamp(allow_none=True)
    escalated_at = Timestamp(allow_none=True)
    decided_at = Timestamp(allow_none=True)
    admitted_by = fields.String(allow_none=True)
    first_reviewer_id = fields.String(allow_none=True)
    second_reviewer_id = fields.String(allow_none=True)
    base_case_id = fields.String(allow_none=True)
    change_class = fields.String(allow_none=True, validate=one_of(ChangeClass))
    specialities = fields.List(fields.String())


class OwnCaseSchema(Schema):
    """What a supplier sees of its own case: never who reviews it."""

    id = fields.String()
    version_id = fields.String()
    product_id = fields.String()
    listing_code = fields.String()
    round = fields.Integer()
    stage = fields.String(validate=one_of(Stage))
    dossier_hash = fields.String()
    opened_at = Timestamp()
    stage_since_at = Timestamp()
    due_at = Timestamp(allow_none=True)
    decided_at = Timestamp(allow_none=True)
    findings = fields.List(fields.Dict(keys=fields.String()))
    change_class = fields.String(allow_none=True, validate=one_of(ChangeClass))
    changes = fields.List(fields.Dict(keys=fields.String()))


class ChangeSchema(Schema):
    """A place of the dossier that is not as it was in the version approved before."""

    pointer = fields.String()
    change_class = fields.String(validate=one_of(ChangeClass))
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)


class HistoryEventSchema(Schema):
    """One thing that happened to a version in its review."""

    at = Timestamp()
    kind = fields.String(validate=one_of(HistoryKind))
    subject_id = fields.String()
    person_id = fields.String(allow_none=True)
    facts = fields.Dict(keys=fields.String())


class QuestionSchema(Schema):
    """A question of the conflict declaration in two languages."""

    code = fields.String()
    en = fields.String()
    zh = fields.String()


class QuestionListSchema(Schema):
    """Every question of the conflict declaration."""

    items = fields.List(fields.Nested(QuestionSchema))


class CaseViewSchema(Schema):
    """A case with everything that its reviewers need."""

    case = fields.Nested(CaseSummarySchema)
    dossier = fields.Dict(keys=fields.String(), attribute="case.dossier")
    findings = fields.List(fields.Dict(keys=fields.String()), attribute="case.findings")
    probe = fields.Dict(keys=fields.String(), allow_none=True, attribute="case.probe")
    evaluation_id = fields.String()
    machine_findings = fields.List(fields.Dict(keys=fields.String()))
    left_to_judge = fields.List(fields.Dict(keys=fields.String()))
    changes = fields.List(fields.Nested(ChangeSchema))
    history = fields.List(fields.Nested(HistoryEventSchema))
    documents = fields.List(fields.Dict(keys=fields.String()))
    conflict_questions = fields.List(fields.Nested(QuestionSchema))


class TakeCaseSchema(Schema):
    """The conflict declaration: an answer to each of the case's questions."""

    answers = ByName(
        keys=fields.String(validate=validate.Length(min=1, max=40)),
        values=fields.String(validate=one_of(Answer)),
        required=True,
        validate=validate.Length(max=20),
    )


class AssignmentSchema(Schema):
    """Whether the case or the seat is the declarer's now, and what bars them if it is not."""

    case_id = fields.String()
    scenario_id = fields.String()
    reviewer_id = fields.String()
    is_conflicted = fields.Boolean()
    conflicts = fields.List(fields.String())
    declared_at = Timestamp()


class ItemSchema(Schema):
    """The reviewer's answer to one rule that was left to a person."""

    rule_id = Text(max=40, required=True)
    outcome = fields.String(required=True, validate=one_of(ANSWERABLE))
    reason = Text(max=REASON_MAX, required=True)


class DecideCaseSchema(Schema):
    """A decision with its reason."""

    decision = fields.String(required=True, validate=one_of(Decision))
    reason = Text(max=REASON_MAX, required=True)
    items = fields.List(
        fields.Nested(ItemSchema), load_default=list, validate=validate.Length(max=ITEMS_MAX)
    )


class AdmitCaseSchema(Schema):
    """The intake's answer: on to the reviewers, or back for a supplement."""

    decision = fields.String(required=True, validate=one_of((Decision.APPROVE, Decision.RETURN)))
    reason = Text(max=REASON_MAX, required=True)


class ReleaseCaseSchema(Schema):
    """Why a case goes back to the queue."""

    reason = Text(max=REASON_MAX, required=True)


class EvaluationSchema(Schema):
    """One run of a stage's rules over a case, and over what is decided on top of it."""

    id = fields.String()
    case_id = fields.String()
    stage = fields.String()
    subject_id = fields.String()
    rule_set_hash = fields.String()
    input_hash = fields.String()
    circumstances = fields.Dict(keys=fields.String())
    outcomes = fields.List(fields.Dict(keys=fields.String()))
    evaluated_at = Timestamp()


class ReplaySchema(Schema):
    """Whether the stored inputs give the stored result again."""

    evaluation_id = fields.String()
    is_same = fields.Boolean()


class RuleSetSchema(Schema):
    """The rules in force, as published."""

    version = fields.Integer()
    hash = fields.String()
    document = fields.Dict(keys=fields.String())
