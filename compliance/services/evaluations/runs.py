"""Runs the rules over a case, stores what decided, and runs them again for whoever doubts it."""

from typing import Any

from app.core.canonical import digest_hex
from app.core.unit_of_work import UnitOfWork
from compliance.events import RulesEvaluated
from compliance.models.reviews import ReviewCase, RuleEvaluation
from compliance.rules import rule_set
from compliance.rules.errors import EvaluationNotFound
from compliance.rules.evaluation import Evaluation, RuleOutcome, evaluate_dossier, worst_severity
from compliance.rules.rule_set import Stage
from compliance.services.evaluations.carried_answers import keep_carried
from compliance.services.evaluations.circumstances import circumstances_of
from compliance.services.evaluations.rule_sets import held_rule_set, hold_rule_set

Document = dict[str, Any]


def run_rules(uow: UnitOfWork, case: ReviewCase, stage: Stage = Stage.REVIEW) -> Evaluation:
    """Evaluate the present rule set over the case as things stand now, and keep the result."""
    circumstances = circumstances_of(uow, case)
    hold_rule_set(uow, rule_set.current())  # before the case refers to it
    # A decided case keeps naming the rule set that decided it.
    is_open = case.decided_at is None
    if is_open:
        case.rule_set_hash = rule_set.current().hash
    evaluation = run_stage(uow, case, stage=stage, subject_id=case.id, circumstances=circumstances)
    if is_open:
        case.severity = worst_severity(evaluation.outcomes)
        keep_carried(uow, case, evaluation, circumstances)
    return evaluation


def run_stage(
    uow: UnitOfWork, case: ReviewCase, *, stage: Stage, subject_id: str, circumstances: Document
) -> Evaluation:
    """Evaluate a stage's rules over the case's dossier and the circumstances; keep the result.

    ``subject_id`` is what is decided: the case, a scenario or a licence that rests on it.
    """
    rules = rule_set.current()
    hold_rule_set(uow, rules)
    evaluation = evaluate_dossier(rules, case.dossier, circumstances, stage)
    uow.session.add(case)
    uow.session.flush()
    kept = RuleEvaluation(
        id=uow.ids.new("evl"),
        case_id=case.id,
        stage=stage,
        subject_id=subject_id,
        supplier_id=case.supplier_id,
        rule_set_hash=evaluation.rule_set_hash,
        input_hash=evaluation.input_hash,
        circumstances=circumstances,
        outcomes=[each.document() for each in evaluation.outcomes],
        evaluated_at=uow.now,
    )
    uow.session.add(kept)
    _record(uow, case, kept)
    return evaluation


def _record(uow: UnitOfWork, case: ReviewCase, kept: RuleEvaluation) -> None:
    uow.record(
        RulesEvaluated(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            rule_set_hash=kept.rule_set_hash,
            input_hash=kept.input_hash,
            outcomes={each["rule_id"]: each["outcome"] for each in kept.outcomes},
            stage=kept.stage,
            subject_id=None if kept.subject_id == case.id else kept.subject_id,
        )
    )


def findings_of(outcomes: list[RuleOutcome], rules: rule_set.RuleSet) -> list[dict[str, Any]]:
    """Outcomes as findings: the rule in words, its source in law, and the inputs that decided."""
    return [
        {
            **each.document(),
            "message": rule.message,
            "message_zh": rule.message_zh,
            "law_refs": list(rule.law_refs),
            "evidence_kinds": list(rule.evidence_kinds),
            "kind": rule.kinds[0].value,
            "kinds": [kind.value for kind in rule.kinds],
            "stage": rule.stage.value,
            "is_confirmed": rule.confirmed,
        }
        for each in outcomes
        for rule in [rules.rule(each.rule_id)]
    ]


def replay_evaluation(uow: UnitOfWork, *, evaluation_id: str) -> bool:
    """Whether the stored inputs under the stored rule set give the stored result again.

    Raises `EvaluationNotFound`, `RuleSetUnknown`.
    """
    kept = uow.session.get(RuleEvaluation, evaluation_id)
    if kept is None:
        raise EvaluationNotFound(evaluation_id)
    case = uow.session.get_one(ReviewCase, kept.case_id)
    rules = held_rule_set(uow, kept.rule_set_hash)
    again = evaluate_dossier(rules, case.dossier, kept.circumstances, Stage(kept.stage))
    return (
        digest_hex(case.dossier) == case.dossier_hash
        and again.input_hash == kept.input_hash
        and [each.document() for each in again.outcomes] == kept.outcomes
    )
