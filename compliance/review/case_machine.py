"""The review of one version as a pure machine: no path to approval without two clear persons."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.states import Transitions
from compliance.review.case_errors import (
    CaseTaken,
    ItemsUnanswered,
    NotTheAssignedReviewer,
    ReviewerConflicted,
    SecondReviewerMustDiffer,
)
from compliance.review.errors import SupplementsUsedUp
from compliance.review.panels import Panel, PanelState
from compliance.rules.errors import RulesBlock


class Stage(StrEnum):
    """Where a case stands."""

    PRECHECK = "PRECHECK"
    INTAKE = "INTAKE"
    SUPPLEMENT = "SUPPLEMENT"
    REVIEW = "REVIEW"
    SECOND = "SECOND"
    PANEL = "PANEL"
    APPROVED = "APPROVED"
    RETURNED = "RETURNED"
    SUPPLEMENTED = "SUPPLEMENTED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class Decision(StrEnum):
    """What a person decides at a stage; a single person's rejection is the panel's to confirm."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


OPEN_STAGES = (Stage.INTAKE, Stage.REVIEW, Stage.SECOND, Stage.PANEL)
"""The exchange's people are at work."""
REVIEWER_STAGES = (Stage.REVIEW, Stage.SECOND)
FINAL_STAGES = frozenset(
    {Stage.APPROVED, Stage.RETURNED, Stage.SUPPLEMENTED, Stage.EXPIRED, Stage.REJECTED}
)
CLEAR, BLOCKED = "rules clear", "rules block"
CLEAR_AND_SLIGHT = "rules clear, slight change"
APPROVE_TO_PANEL = "approve, to the panel"
RESUBMIT, LAPSE, CARRY, FAIL = "resubmit", "lapse", "panel carries", "panel fails"
CARRY_BLOCKED = "panel carries, rules block"

TRANSITIONS = Transitions(
    {
        (Stage.PRECHECK, CLEAR): Stage.INTAKE,
        # What the intake looks at is as it was when the version before was admitted.
        (Stage.PRECHECK, CLEAR_AND_SLIGHT): Stage.REVIEW,
        (Stage.PRECHECK, BLOCKED): Stage.RETURNED,
        (Stage.INTAKE, Decision.APPROVE): Stage.REVIEW,
        (Stage.INTAKE, Decision.RETURN): Stage.SUPPLEMENT,
        (Stage.REVIEW, Decision.APPROVE): Stage.SECOND,
        (Stage.REVIEW, Decision.RETURN): Stage.SUPPLEMENT,
        (Stage.REVIEW, Decision.REJECT): Stage.PANEL,
        (Stage.SECOND, Decision.APPROVE): Stage.APPROVED,
        (Stage.SECOND, APPROVE_TO_PANEL): Stage.PANEL,
        (Stage.SECOND, Decision.RETURN): Stage.SUPPLEMENT,
        (Stage.SECOND, Decision.REJECT): Stage.PANEL,
        (Stage.PANEL, CARRY): Stage.APPROVED,
        (Stage.PANEL, FAIL): Stage.REJECTED,
        (Stage.PANEL, CARRY_BLOCKED): Stage.SUPPLEMENT,
        # What was supplemented is another dossier, so another case: a decided one never moves.
        (Stage.SUPPLEMENT, RESUBMIT): Stage.SUPPLEMENTED,
        (Stage.SUPPLEMENT, LAPSE): Stage.EXPIRED,
    }
)


@dataclass(frozen=True)
class Review:
    """One case, as far as its decisions go.

    ``declared`` maps every person who declared to whether a conflict bars them; a declaration is
    made once and never replaced, so a bar cannot be talked away. ``excluded`` decided on the
    product before and were appealed against. ``is_high_risk`` cases end in a panel.
    """

    case_id: str
    stage: Stage = Stage.PRECHECK
    is_high_risk: bool = False
    admitted_by: str | None = None
    first_reviewer_id: str | None = None
    second_reviewer_id: str | None = None
    approved_by: frozenset[str] = frozenset()
    declared: frozenset[tuple[str, bool]] = frozenset()
    excluded: frozenset[str] = frozenset()

    @property
    def holder_id(self) -> str | None:
        """Who holds the case at its present stage."""
        return {
            Stage.REVIEW: self.first_reviewer_id,
            Stage.SECOND: self.second_reviewer_id,
        }.get(self.stage)

    @property
    def involved(self) -> frozenset[str]:
        """Everybody who admitted or reviewed it: none of them sits on its panel."""
        people = (self.admitted_by, self.first_reviewer_id, self.second_reviewer_id)
        return frozenset(each for each in people if each) | self.excluded


def conclude_rules(review: Review, *, blocks: bool, is_slight: bool = False) -> Review:
    """The machine's own step: to the intake, or straight back to the supplier.

    ``is_slight`` when nothing that the intake weighs moved since the version before: past it.
    """
    passed = CLEAR_AND_SLIGHT if is_slight else CLEAR
    event = BLOCKED if blocks else passed
    return replace(review, stage=Stage(TRANSITIONS.next(review.stage, event)))


def admit(
    review: Review,
    officer_id: str,
    decision: Decision,
    *,
    conflicts: tuple[str, ...] = (),
    blocking: tuple[str, ...] = (),
    supplements_left: int = 1,
) -> Review:
    """The case after the intake's look: to the reviewers, or back for a supplement.

    Raises `IllegalTransition`, `ReviewerConflicted`, `RulesBlock`, `SupplementsUsedUp`.
    """
    if review.stage is not Stage.INTAKE:
        TRANSITIONS.next(review.stage, "admit")
    following = Stage(TRANSITIONS.next(review.stage, decision))
    if conflicts or officer_id in review.excluded:
        raise ReviewerConflicted(review.case_id, list(conflicts) or ["involved_before"])
    _demand_supplement_left(review, following, supplements_left)
    if decision is Decision.APPROVE and blocking:
        raise RulesBlock(list(blocking))
    return replace(review, stage=following, admitted_by=officer_id)


def _demand_supplement_left(review: Review, following: Stage, left: int) -> None:
    if following is Stage.SUPPLEMENT and left < 1:
        raise SupplementsUsedUp(review.case_id)


def take(review: Review, reviewer_id: str, *, is_conflicted: bool) -> Review:
    """The case in the reviewer's hands; a conflict is kept and leaves the case in the queue.

    Raises `IllegalTransition`, `SecondReviewerMustDiffer`, `ReviewerConflicted`, `CaseTaken`.
    """
    if review.stage not in REVIEWER_STAGES:
        TRANSITIONS.next(review.stage, "take")
    if (reviewer_id, True) in review.declared:
        raise ReviewerConflicted(review.case_id, ["declared"])
    if reviewer_id in review.excluded or reviewer_id == review.admitted_by:
        raise ReviewerConflicted(review.case_id, ["involved_before"])
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


def release(review: Review) -> Review:
    """The case back in the queue of its stage; raises `NotTheAssignedReviewer` if nobody has it."""
    if review.holder_id is None:
        raise NotTheAssignedReviewer(review.case_id)
    return _released(review, review.holder_id)


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
    supplements_left: int = 1,
) -> Review:
    """The case after the holder's decision.

    ``unanswered`` are items still without outcome and reason, ``blocking`` rules that stand
    against approval; either stops an approval and neither stops a return or a rejection. Raises
    `IllegalTransition`, `NotTheAssignedReviewer`, `ItemsUnanswered`, `RulesBlock`,
    `SupplementsUsedUp`.
    """
    if review.stage not in REVIEWER_STAGES:
        TRANSITIONS.next(review.stage, "decide")
    following = Stage(TRANSITIONS.next(review.stage, _event(review, decision)))
    if review.holder_id != reviewer_id or (reviewer_id, True) in review.declared:
        raise NotTheAssignedReviewer(review.case_id)
    _demand_supplement_left(review, following, supplements_left)
    if decision is not Decision.APPROVE:
        return replace(review, stage=following)
    if unanswered:
        raise ItemsUnanswered(list(unanswered))
    if blocking:
        raise RulesBlock(list(blocking))
    return replace(review, stage=following, approved_by=review.approved_by | {reviewer_id})


def _event(review: Review, decision: Decision) -> str:
    if decision is Decision.APPROVE and review.stage is Stage.SECOND and review.is_high_risk:
        return APPROVE_TO_PANEL
    return decision


def conclude_panel(review: Review, panel: Panel, *, is_blocked: bool) -> Review:
    """The case as its concluded panel decided; over a blocking rule it only goes back.

    Raises `IllegalTransition`.
    """
    event = {
        PanelState.OPEN: "conclude",
        PanelState.CARRIED: CARRY_BLOCKED if is_blocked else CARRY,
        PanelState.FAILED: FAIL,
    }[panel.state]
    following = Stage(TRANSITIONS.next(review.stage, event))
    if following is not Stage.APPROVED:
        return replace(review, stage=following)
    approved_by = review.approved_by | frozenset(panel.in_favour)
    return replace(review, stage=following, approved_by=approved_by)


def resubmit(review: Review) -> Review:
    """The supplier supplemented: this case ends and another goes on."""
    return replace(review, stage=Stage(TRANSITIONS.next(review.stage, RESUBMIT)))


def lapse(review: Review) -> Review:
    """The supplier did not supplement in time; only a new version leads back."""
    return replace(review, stage=Stage(TRANSITIONS.next(review.stage, LAPSE)))
