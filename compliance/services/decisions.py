"""Deciding review cases: answers to what the machine left open, decisions, their consequences."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.core.canonical import digest_hex
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import DossierHashMismatch, ItemNotOpen
from compliance.evaluation import Evaluation
from compliance.events import ReviewDecided, VersionApproved, VersionRejected
from compliance.models import ItemAnswer, ReviewCase, ReviewDecision
from compliance.review.case_machine import Decision, Stage, decide
from compliance.rule_set import Severity
from compliance.services.evaluations import findings_of, held_rule_set, run_rules
from compliance.services.reviews import declarations_of, lock_case, record_return
from compliance.verdicts import Outcome

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
    `DossierHashMismatch`, `IllegalTransition`.
    """
    case = lock_case(uow, case_id)
    review = case.review(declarations_of(uow, case))
    # Who may decide comes before anything about the content of the decision.
    decide(review, principal.id, Decision(decision))
    if digest_hex(case.dossier) != case.dossier_hash:
        raise DossierHashMismatch(case.version_id)
    evaluation = run_rules(uow, case)
    _refuse_strange(evaluation, items)
    _answer_items(uow, case, principal, items)
    answers = answers_of(uow, case)
    decided = decide(
        review,
        principal.id,
        Decision(decision),
        unanswered=_unanswered(evaluation, answers),
        blocking=_blocking(evaluation, answers),
    )
    kept = _keep_decision(uow, case, principal, decision=decision, reason=reason)
    case.follow(decided, uow.now)
    _announce(uow, case, kept, evaluation)
    return case


def _refuse_strange(evaluation: Evaluation, items: Sequence[Item]) -> None:
    left = {each.rule_id for each in evaluation.left_to_judge}
    strange = sorted({item["rule_id"] for item in items} - left)
    if strange:
        raise ItemNotOpen(strange)


def _answer_items(
    uow: UnitOfWork, case: ReviewCase, principal: Principal, items: Sequence[Item]
) -> None:
    for item in items:
        uow.session.merge(
            ItemAnswer(
                case_id=case.id,
                rule_id=item["rule_id"],
                reviewer_id=principal.id,
                outcome=item["outcome"],
                reason=item["reason"],
                answered_at=uow.now,
            )
        )
    uow.session.flush()


def answers_of(uow: UnitOfWork, case: ReviewCase) -> list[ItemAnswer]:
    """Every answer given in the case, by rule."""
    wanted = select(ItemAnswer).where(ItemAnswer.case_id == case.id)
    return list(uow.session.scalars(wanted.order_by(ItemAnswer.rule_id, ItemAnswer.reviewer_id)))


def _unanswered(evaluation: Evaluation, answers: list[ItemAnswer]) -> tuple[str, ...]:
    answered = {each.rule_id for each in answers}
    left = (each.rule_id for each in evaluation.left_to_judge)
    return tuple(rule_id for rule_id in left if rule_id not in answered)


def _blocking(evaluation: Evaluation, answers: list[ItemAnswer]) -> tuple[str, ...]:
    failed = {each.rule_id for each in answers if each.outcome == Outcome.FAIL}
    return tuple(
        each.rule_id
        for each in evaluation.outcomes
        if each.blocks or (each.severity is Severity.BLOCK and each.rule_id in failed)
    )


def _keep_decision(
    uow: UnitOfWork, case: ReviewCase, principal: Principal, *, decision: str, reason: str
) -> ReviewDecision:
    salt = uow.ids.opaque("slt")
    kept = ReviewDecision(
        case_id=case.id,
        stage=case.stage,
        reviewer_id=principal.id,
        decision=decision,
        reason=reason,
        reason_salt=salt,
        reason_hash=digest_hex({"reason": reason, "salt": salt}),
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


def _announce(
    uow: UnitOfWork, case: ReviewCase, kept: ReviewDecision, evaluation: Evaluation
) -> None:
    if case.stage == Stage.APPROVED:
        _record_approval(uow, case)
    elif case.stage in {Stage.REJECTED, Stage.RETURNED}:
        case.findings = _human_findings(uow, case, kept, evaluation)
        _record_end(uow, case, kept)


def _record_end(uow: UnitOfWork, case: ReviewCase, kept: ReviewDecision) -> None:
    if case.stage == Stage.RETURNED:
        record_return(uow, case)
        return
    uow.record(
        VersionRejected(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            reason_hash=kept.reason_hash,
        )
    )


def _record_approval(uow: UnitOfWork, case: ReviewCase) -> None:
    assert case.first_reviewer_id is not None
    assert case.second_reviewer_id is not None
    uow.record(
        VersionApproved(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            listing_code=case.listing_code,
            supplier_id=case.supplier_id,
            dossier_hash=case.dossier_hash,
            approver_ids=(case.first_reviewer_id, case.second_reviewer_id),
            rule_set_hash=case.rule_set_hash,
        )
    )


def _human_findings(
    uow: UnitOfWork, case: ReviewCase, kept: ReviewDecision, evaluation: Evaluation
) -> list[dict[str, Any]]:
    rules = held_rule_set(uow, case.rule_set_hash)
    failed = {a.rule_id: a.reason for a in answers_of(uow, case) if a.outcome == Outcome.FAIL}
    named = [o for o in evaluation.outcomes if o.blocks or o.rule_id in failed]
    found = [
        {**finding, "reason": failed.get(finding["rule_id"], "")}
        for finding in findings_of(named, rules)
    ]
    return [*found, {"rule_id": "", "severity": Severity.BLOCK.value, "reason": kept.reason}]
