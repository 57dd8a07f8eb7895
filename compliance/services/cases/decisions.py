"""Deciding review cases: answers to what the machine left open, decisions, their consequences."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.events import ReviewDecided, VersionRejected
from compliance.models.reviews import ItemAnswer, ReviewCase, ReviewDecision
from compliance.review.case_errors import ItemNotOpen
from compliance.review.case_machine import Decision, Stage, decide
from compliance.review.events import ItemDecided
from compliance.rules.evaluation import Evaluation
from compliance.rules.rule_set import Severity
from compliance.rules.verdicts import Outcome
from compliance.services.cases.reviews import advance, lock_case, record_return
from compliance.services.declarations import declarations_of
from compliance.services.evaluations.carried_answers import carried_in
from compliance.services.evaluations.rule_sets import held_rule_set
from compliance.services.evaluations.runs import findings_of, run_rules
from compliance.services.listings.registrations import register
from compliance.services.panels import open_case_panel
from compliance.services.policies import policy_in_force
from compliance.services.reasons import seal_reason

Item = dict[str, str]


def decide_case(
    uow: UnitOfWork,
    principal: Principal,
    *,
    case_id: str,
    decision: str,
    reason: str,
    items: Sequence[Item] = (),
) -> ReviewCase:
    """The holder's decision with its reason and the answers to what the machine left open.

    Approving runs the rules again on today's date. Raises `ReviewCaseNotFound`,
    `NotTheAssignedReviewer`, `ItemNotOpen`, `ItemsUnanswered`, `RulesBlock`,
    `SupplementsUsedUp`, `DossierHashMismatch`, `IllegalTransition`.
    """
    case = lock_case(uow, case_id)
    review = case.review(declarations_of(uow, case))
    left = policy_in_force(uow).supplement_rounds_max - case.supplement_round
    # Who may decide comes before anything about the content of the decision.
    decide(review, principal.id, Decision(decision), supplements_left=left)
    case.demand_unchanged()
    evaluation = run_rules(uow, case)
    answer_items(uow, case, principal.id, items, evaluation=evaluation)
    decided = decide(
        review,
        principal.id,
        Decision(decision),
        unanswered=unanswered(uow, case, principal.id, evaluation),
        blocking=_blocking(evaluation, answers_of(uow, case)),
        supplements_left=left,
    )
    kept = keep_decision(uow, case, principal, decision=decision, reason=reason)
    advance(uow, case, decided)
    announce(uow, case, kept.reason, evaluation)
    return case


def answer_items(
    uow: UnitOfWork,
    case: ReviewCase,
    person_id: str,
    items: Sequence[Item],
    *,
    evaluation: Evaluation,
) -> None:
    """Keep a person's answers; raises `ItemNotOpen` for a rule that the machine settled."""
    left = {each.rule_id for each in evaluation.left_to_judge}
    strange = sorted({item["rule_id"] for item in items} - left)
    if strange:
        raise ItemNotOpen(strange)
    for item in items:
        uow.session.merge(
            ItemAnswer(
                case_id=case.id,
                rule_id=item["rule_id"],
                reviewer_id=person_id,
                outcome=item["outcome"],
                reason=item["reason"],
                answered_at=uow.now,
            )
        )
        uow.record(
            ItemDecided(
                occurred_at=uow.now,
                case_id=case.id,
                rule_id=item["rule_id"],
                reviewer_id=person_id,
                outcome=item["outcome"],
                reason_hash=seal_reason(uow, item["reason"]).hash,
            )
        )
    uow.session.flush()


def answers_of(uow: UnitOfWork, case: ReviewCase) -> list[ItemAnswer]:
    """Every answer given in the case, by rule."""
    wanted = select(ItemAnswer).where(ItemAnswer.case_id == case.id)
    return list(uow.session.scalars(wanted.order_by(ItemAnswer.rule_id, ItemAnswer.reviewer_id)))


def unanswered(
    uow: UnitOfWork, case: ReviewCase, person_id: str, evaluation: Evaluation
) -> tuple[str, ...]:
    """What the machine left open, no version before answered, and this person has not either."""
    answered = {a.rule_id for a in answers_of(uow, case) if a.reviewer_id == person_id}
    answered |= {each.rule_id for each in carried_in(uow, case)}
    left = (each.rule_id for each in evaluation.left_to_judge)
    return tuple(rule_id for rule_id in left if rule_id not in answered)


def failed_by(
    uow: UnitOfWork, case: ReviewCase, person_id: str, evaluation: Evaluation
) -> tuple[str, ...]:
    """The rules that block and that this person found broken."""
    own = [a for a in answers_of(uow, case) if a.reviewer_id == person_id]
    blocking = {o.rule_id for o in evaluation.outcomes if o.severity is Severity.BLOCK}
    failed = {each.rule_id for each in own if each.outcome == Outcome.FAIL}
    return tuple(sorted(failed & blocking))


def _blocking(evaluation: Evaluation, answers: list[ItemAnswer]) -> tuple[str, ...]:
    failed = {each.rule_id for each in answers if each.outcome == Outcome.FAIL}
    return tuple(
        each.rule_id
        for each in evaluation.outcomes
        if each.blocks or (each.severity is Severity.BLOCK and each.rule_id in failed)
    )


def keep_decision(
    uow: UnitOfWork, case: ReviewCase, principal: Principal, *, decision: str, reason: str
) -> ReviewDecision:
    """One person's decision at the case's present stage, kept and told to the log."""
    sealed = seal_reason(uow, reason)
    kept = ReviewDecision(
        case_id=case.id,
        stage=case.stage,
        reviewer_id=principal.id,
        decision=decision,
        reason=sealed.text,
        reason_salt=sealed.salt,
        reason_hash=sealed.hash,
        dossier_hash=case.dossier_hash,
        decided_at=uow.now,
    )
    uow.session.add(kept)
    uow.record(
        ReviewDecided(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            reviewer_id=principal.id,
            stage=case.stage,
            decision=decision,
            reason_hash=kept.reason_hash,
        )
    )
    return kept


def announce(uow: UnitOfWork, case: ReviewCase, reason: str, evaluation: Evaluation) -> None:
    """What follows from where the case has come to."""
    if case.stage == Stage.APPROVED:
        register(uow, case)
    elif case.stage == Stage.PANEL:
        open_case_panel(uow, case)
    elif case.stage == Stage.SUPPLEMENT:
        case.findings = _human_findings(uow, case, reason, evaluation)
        record_return(uow, case)
    elif case.stage == Stage.REJECTED:
        case.findings = _human_findings(uow, case, reason, evaluation)
        uow.record(
            VersionRejected(
                occurred_at=uow.now,
                case_id=case.id,
                version_id=case.version_id,
                reason_hash=seal_reason(uow, reason).hash,
            )
        )


def _human_findings(
    uow: UnitOfWork, case: ReviewCase, reason: str, evaluation: Evaluation
) -> list[dict[str, Any]]:
    rules = held_rule_set(uow, case.rule_set_hash)
    failed = {a.rule_id: a.reason for a in answers_of(uow, case) if a.outcome == Outcome.FAIL}
    named = [o for o in evaluation.outcomes if o.blocks or o.rule_id in failed]
    found = [
        {**finding, "reason": failed.get(finding["rule_id"], "")}
        for finding in findings_of(named, rules)
    ]
    return [*found, {"rule_id": "", "severity": Severity.BLOCK.value, "reason": reason}]
