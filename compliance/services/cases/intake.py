"""The intake: whether a submission is complete enough to occupy two reviewers."""

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.reviews import ReviewCase
from compliance.review.case_machine import Decision, admit
from compliance.services.cases.decisions import announce, keep_decision
from compliance.services.cases.reviews import advance, lock_case
from compliance.services.declarations import conflicts_known, declarations_of
from compliance.services.evaluations.runs import run_rules
from compliance.services.policies import policy_in_force


def admit_case(
    uow: UnitOfWork, principal: Principal, *, case_id: str, decision: str, reason: str
) -> ReviewCase:
    """To the reviewers, or back to the supplier for a supplement, with a reason.

    Accepting runs the rules again on today's date; what the exchange knows of a conflict bars the
    officer without a question. Raises `ReviewCaseNotFound`, `IllegalTransition`,
    `ReviewerConflicted`, `RulesBlock`, `SupplementsUsedUp`, `DossierHashMismatch`.
    """
    case = lock_case(uow, case_id)
    case.demand_unchanged()
    evaluation = run_rules(uow, case)
    admitted = admit(
        case.review(declarations_of(uow, case)),
        principal.id,
        Decision(decision),
        conflicts=tuple(conflicts_known(uow, principal, case)),
        blocking=tuple(each.rule_id for each in evaluation.blocking),
        supplements_left=policy_in_force(uow).supplement_rounds_max - case.supplement_round,
    )
    kept = keep_decision(uow, case, principal, decision=decision, reason=reason)
    advance(uow, case, admitted)
    announce(uow, case, kept.reason, evaluation)
    return case
