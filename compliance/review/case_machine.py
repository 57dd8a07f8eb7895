"""The review of one version as a pure machine: no path to approval without two clear persons."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.states import Transitions
from compliance.errors import (
    CaseTaken,
    ItemsUnanswered,
    NotTheAssignedReviewer,
    ReviewerConflicted,
    RulesBlock,
    SecondReviewerMustDiffer,
)


class Stage(StrEnum):
    """Where a case stands."""

    PRECHECK = "PRECHECK"
    REVIEW = "REVIEW"
    SECOND = "SECOND"
    APPROVED = "APPROVED"
    RETURNED = "RETURNED"
    REJECTED = "REJECTED"


class Decision(StrEnum):
    """What a reviewer decides at a stage."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


OPEN_STAGES = (Stage.REVIEW, Stage.SECOND)
CLEAR, BLOCKED = "rules clear", "rules block"

TRANSITIONS = Transitions(
    {
        (Stage.PRECHECK, CLEAR): Stage.REVIEW,
        (Stage.PRECHECK, BLOCKED): Stage.RETURNED,
        (Stage.REVIEW, Decision.APPROVE): Stage.SECOND,
        (Stage.REVIEW, Decision.RETURN): Stage.RETURNED,
        (Stage.REVIEW, Decision.REJECT): Stage.REJECTED,
        (Stage.SECOND, Decision.APPROVE): Stage.APPROVED,
        (Stage.SECOND, Decision.RETURN): Stage.RETURNED,
        (Stage.SECOND, Decision.REJECT): Stage.REJECTED,
    }
)


@dataclass(frozen=True)
class Review:
    """One case, as far as its decisions go.

    ``declared`` maps every person who declared to whether a conflict bars them; a declaration is
    made once and never replaced, so a bar cannot be talked away.
    """

    case_id: str
    stage: Stage = Stage.PRECHECK
    first_reviewer_id: str | None = None
    second_reviewer_id: str | None = None
    declared: frozenset[tuple[str, bool]] = frozenset()

    @property
    def holder_id(self) -> str | None:
        """Who holds the case at its present stage."""
        return {
            Stage.REVIEW: self.first_reviewer_id,
            Stage.SECOND: self.second_reviewer_id,
        }.get(self.stage)


def conclude_rules(review: Review, *, blocks: bool) -> Review:
    """The machine's own step: to the reviewers, or straight back to the supplier."""
    event = BLOCKED if blocks else CLEAR
    return replace(review, stage=Stage(TRANSITIONS.next(review.stage, event)))


def take(review: Review, reviewer_id: str, *, is_conflicted: bool) -> Review:
    """The case in the reviewer's hands; a conflict is kept and leaves the case in the queue.

    Raises `IllegalTransition`, `SecondReviewerMustDiffer`, `ReviewerConflicted`, `CaseTaken`.
    """
    TRANSITIONS.next(review.stage, Decision.APPROVE)  # only an undecided case can be taken
    if (reviewer_id, True) in review.declared:
        raise ReviewerConflicted(review.case_id, ["declared"])
    if review.holder_id not in {None, reviewer_id}:
        raise CaseTaken(review.case_id)
    if review.stage is Stage.SECOND and reviewer_id == review.first_reviewer_id:
        raise SecondReviewerMustDiffer(review.case_id)
    declared = review.declared | {(reviewer_id, is_conflicted)}
    if is_conflicted:
        return _released(replace(review, declared=declared), reviewer_id)
    if review.stage is Stage.REVIEW:
        return replace(review, declared=declared, first_reviewer_id=reviewer_id)
    return replace(review, declared=declared, second_reviewer_id=reviewer_id)


def _released(review: Review, reviewer_id: str) -> Review:
    # Somebody who held the case and now declares a conflict lets it go.
    if review.holder_id != reviewer_id:
        return review
    if review.stage is Stage.REVIEW:
        return replace(review, first_reviewer_id=None)
    return replace(review, second_reviewer_id=None)


def decide(
    review: Review,
    reviewer_id: str,
    decision: Decision,
    *,
    unanswered: tuple[str, ...] = (),
    blocking: tuple[str, ...] = (),
) -> Review:
    """The case after the holder's decision.

    ``unanswered`` are items still without outcome and reason, ``blocking`` rules that stand
    against approval; either stops an approval and neither stops a return or a rejection. Raises
    `IllegalTransition`, `NotTheAssignedReviewer`, `ItemsUnanswered`, `RulesBlock`.
    """
    following = Stage(TRANSITIONS.next(review.stage, decision))
    if review.holder_id != reviewer_id or (reviewer_id, True) in review.declared:
        raise NotTheAssignedReviewer(review.case_id)
    if decision is Decision.APPROVE:
        if unanswered:
            raise ItemsUnanswered(list(unanswered))
        if blocking:
            raise RulesBlock(list(blocking))
    return replace(review, stage=following)
