"""A member's vote and what follows from the last one: for a case, a revocation, a use."""

from collections.abc import Sequence

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.panels import SittingPanel
from compliance.models.reviews import ReviewCase
from compliance.review.case_errors import ItemsUnanswered
from compliance.review.case_machine import conclude_panel
from compliance.review.panels import CASE, REVOCATION, SCENARIO, Panel, PanelState
from compliance.rules.errors import RulesBlock
from compliance.services.cases.decisions import Item, announce, answer_items, failed_by, unanswered
from compliance.services.cases.reviews import advance, lock_case
from compliance.services.declarations import declarations_of
from compliance.services.evaluations.runs import run_rules
from compliance.services.listings.revocations import conclude_revocation
from compliance.services.panels import lock_panel, reasons_of, vote
from compliance.services.scenarios.panels import vote_on_scenario

KINDS = (CASE, REVOCATION, SCENARIO)


def vote_on_panel(
    uow: UnitOfWork,
    principal: Principal,
    *,
    panel_id: str,
    in_favour: bool,
    reason: str,
    items: Sequence[Item] = (),
) -> SittingPanel:
    """A member's only vote with its reason; the last one decides.

    Voting for a case answers what the machine left open, unless both reviewers did, and is
    refused to whoever finds that a rule that blocks is broken. Raises `PanelNotFound`,
    `NoSeatOnPanel`, `VoteAlreadyCast`, `IllegalTransition`, `ItemNotOpen`, `ItemsUnanswered`,
    `RulesBlock`, `DossierHashMismatch`, and for a use `ListingNotInForce`,
    `LicenceCannotBeIssued`.
    """
    sitting = lock_panel(uow, panel_id, KINDS)
    if sitting.kind == SCENARIO:
        vote_on_scenario(uow, sitting, principal, in_favour=in_favour, reason=reason)
        return sitting
    if sitting.kind == REVOCATION:
        voted = vote(uow, sitting, principal.id, in_favour=in_favour, reason=reason)
        conclude_revocation(uow, sitting, voted)
        return sitting
    case = lock_case(uow, str(sitting.case_id))
    voted = vote(uow, sitting, principal.id, in_favour=in_favour, reason=reason)
    _judge_items(uow, case, principal.id, in_favour=in_favour, items=items)
    conclude_case(uow, sitting, case, voted)
    return sitting


def _judge_items(
    uow: UnitOfWork, case: ReviewCase, member_id: str, *, in_favour: bool, items: Sequence[Item]
) -> None:
    case.demand_unchanged()
    evaluation = run_rules(uow, case)
    answer_items(uow, case, member_id, items, evaluation=evaluation)
    both_approved = {case.first_reviewer_id, case.second_reviewer_id} <= set(case.approved_by)
    if not in_favour:
        return
    failed = failed_by(uow, case, member_id, evaluation)
    if failed:
        raise RulesBlock(list(failed))
    left = unanswered(uow, case, member_id, evaluation)
    if left and not both_approved:
        raise ItemsUnanswered(list(left))


def conclude_case(uow: UnitOfWork, sitting: SittingPanel, case: ReviewCase, panel: Panel) -> None:
    """What a concluded panel means for its case; an open one means nothing yet."""
    if panel.state is PanelState.OPEN:
        return
    evaluation = run_rules(uow, case)
    review = case.review(declarations_of(uow, case))
    advance(uow, case, conclude_panel(review, panel, is_blocked=bool(evaluation.blocking)))
    announce(uow, case, reasons_of(sitting), evaluation)
