"""Runs the rules over a case, stores what decided, and runs them again for whoever doubts it."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from app.core.canonical import digest_hex
from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance import rule_set
from compliance.errors import EvaluationNotFound, RuleSetUnknown
from compliance.evaluation import Evaluation, RuleOutcome, evaluate, worst_severity
from compliance.events import RulesEvaluated
from compliance.facts import gather
from compliance.models import HeldRuleSet, Party, ReviewCase, RuleEvaluation


def run_rules(uow: UnitOfWork, case: ReviewCase) -> Evaluation:
    """Evaluate the present rule set over the case as things stand now, and keep the result."""
    rules = rule_set.current()
    hold_rule_set(uow, rules)
    circumstances = circumstances_of(uow, case)
    evaluation = evaluate(rules, gather(case.dossier, circumstances))
    if case.decided_at is None:
        # A decided case keeps naming the rule set that decided it.
        case.rule_set_hash = evaluation.rule_set_hash
        case.severity = worst_severity(evaluation.outcomes)
    uow.session.add(case)
    uow.session.flush()
    _keep(uow, case, circumstances, evaluation)
    return evaluation


def hold_rule_set(uow: UnitOfWork, rules: rule_set.RuleSet) -> None:
    """Store the rule set beside what it decides, once."""
    uow.session.execute(
        insert(HeldRuleSet)
        .values(
            hash=rules.hash,
            version=rules.version,
            document=dict(rules.document),
            held_at=uow.now,
        )
        .on_conflict_do_nothing()
    )


def circumstances_of(uow: UnitOfWork, case: ReviewCase) -> dict[str, Any]:
    """What decides beside the dossier: the instant, the supplier's verification, the probe."""
    party = uow.session.get(Party, case.supplier_id)
    return {
        "at": iso_instant(uow.now),
        "supplier": {
            "organisation_id": case.supplier_id,
            "uscc": party and party.uscc,
            "is_supplier": party and party.is_supplier,
            "verified_until": party and iso_instant(party.verified_until),
        },
        "probe": case.probe,
    }


def _keep(
    uow: UnitOfWork, case: ReviewCase, circumstances: dict[str, Any], evaluation: Evaluation
) -> None:
    uow.session.add(
        RuleEvaluation(
            id=uow.ids.new("evl"),
            case_id=case.id,
            supplier_id=case.supplier_id,
            rule_set_hash=evaluation.rule_set_hash,
            input_hash=evaluation.input_hash,
            circumstances=circumstances,
            outcomes=[each.document() for each in evaluation.outcomes],
            evaluated_at=uow.now,
        )
    )
    uow.record(
        RulesEvaluated(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            rule_set_hash=evaluation.rule_set_hash,
            input_hash=evaluation.input_hash,
            outcomes={each.rule_id: each.outcome.value for each in evaluation.outcomes},
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
            "kind": rule.kind.value,
            "is_confirmed": rule.confirmed,
        }
        for each in outcomes
        for rule in [rules.rule(each.rule_id)]
    ]


def held_rule_set(uow: UnitOfWork, rule_set_hash: str) -> rule_set.RuleSet:
    """The rule set of a hash as it was held; raises `RuleSetUnknown`."""
    held = uow.session.get(HeldRuleSet, rule_set_hash)
    if held is None or digest_hex(held.document) != rule_set_hash:
        raise RuleSetUnknown(rule_set_hash)
    return rule_set.RuleSet.read(held.document)


def replay_evaluation(uow: UnitOfWork, *, evaluation_id: str) -> bool:
    """Whether the stored inputs under the stored rule set give the stored result again.

    Raises `EvaluationNotFound`, `RuleSetUnknown`.
    """
    kept = uow.session.get(RuleEvaluation, evaluation_id)
    if kept is None:
        raise EvaluationNotFound(evaluation_id)
    case = uow.session.get_one(ReviewCase, kept.case_id)
    rules = held_rule_set(uow, kept.rule_set_hash)
    again = evaluate(rules, gather(case.dossier, kept.circumstances))
    return (
        digest_hex(case.dossier) == case.dossier_hash
        and again.input_hash == kept.input_hash
        and [each.document() for each in again.outcomes] == kept.outcomes
    )
