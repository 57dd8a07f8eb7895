"""A declared use as a pure machine: no path to approval without the people that its risk takes."""

from dataclasses import dataclass, replace

from compliance.errors import NotYourDecision
from compliance.review.case_errors import ReviewerConflicted, SecondReviewerMustDiffer
from compliance.review.panels import Panel, PanelState
from compliance.review.scenario_machine import (
    APPROVE_FIRST,
    APPROVE_TO_PANEL,
    CARRY,
    CARRY_BARRED,
    FAIL,
    TRANSITIONS,
    WITHDRAW,
    ScenarioDecision,
    ScenarioState,
)
from compliance.review.scenario_risk import Depth


@dataclass(frozen=True)
class Use:
    """One use, as far as its decisions go; ``barred`` declared a conflict, and that is for good.

    ``decided_by`` is a person, or the panel that concluded.
    """

    id: str
    depth: Depth
    state: ScenarioState = ScenarioState.SUBMITTED
    first_approved_by: str | None = None
    decided_by: str | None = None
    barred: frozenset[str] = frozenset()


def decide(
    use: Use,
    person_id: str,
    decision: ScenarioDecision,
    *,
    is_party: bool = False,
    is_conflicted: bool = False,
) -> Use:
    """The use after one person's decision; a conflict is kept and decides nothing.

    Raises `IllegalTransition`, `NotYourDecision`, `ReviewerConflicted`,
    `SecondReviewerMustDiffer`.
    """
    following = ScenarioState(TRANSITIONS.next(use.state, _event(use, decision)))
    if is_party:
        why = "A reviewer from neither party decides a scenario."
        raise NotYourDecision(why)
    if person_id in use.barred:
        raise ReviewerConflicted(use.id, ["declared"])
    if person_id == use.first_approved_by:
        raise SecondReviewerMustDiffer(use.id)
    if is_conflicted:
        return replace(use, barred=use.barred | {person_id})
    if following in {ScenarioState.SECOND, ScenarioState.PANEL}:
        return replace(use, state=following, first_approved_by=person_id)
    return replace(use, state=following, decided_by=person_id)


def _event(use: Use, decision: ScenarioDecision) -> str:
    if decision is not ScenarioDecision.APPROVE or use.state is not ScenarioState.SUBMITTED:
        return decision
    further: dict[Depth, str] = {Depth.TWO: APPROVE_FIRST, Depth.PANEL: APPROVE_TO_PANEL}
    return further.get(use.depth, decision)


def conclude(use: Use, panel: Panel, *, is_barred: bool) -> Use:
    """The use as its panel concluded; a majority carries nothing over what stands against it.

    Raises `IllegalTransition`, for a panel that still sits or was dissolved too.
    """
    carried = CARRY_BARRED if is_barred else CARRY
    events = {PanelState.CARRIED: carried, PanelState.FAILED: FAIL}
    following = TRANSITIONS.next(use.state, events.get(panel.state, "conclude"))
    return replace(use, state=ScenarioState(following), decided_by=panel.id)


def withdraw(use: Use) -> Use:
    """The buyer gave the use up; raises `IllegalTransition`."""
    return replace(use, state=ScenarioState(TRANSITIONS.next(use.state, WITHDRAW)))
