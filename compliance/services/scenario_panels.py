"""The panel over a use that no single person weighs: called, voted on, concluded."""

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import (
    LicenceCannotBeIssued,
    ListingNeverPublished,
    ListingNotInForce,
    RulesBlock,
)
from compliance.events import ScenarioRefused
from compliance.models.licences import ListingStanding, Scenario
from compliance.models.panels import SittingPanel
from compliance.review.panels import Panel, PanelState
from compliance.review.scenario_machine import CARRY, CARRY_BARRED, FAIL, TRANSITIONS
from compliance.services.panels import SCENARIO, needs_two_thirds, open_panel, reasons_of, vote
from compliance.services.scenario_rules import approval_behind, demand_lawful_use
from compliance.services.scenario_terms import grant, granted_terms, record_approval
from compliance.services.scenarios import lock_scenario, open_standing
from compliance.terms.effective_terms import Terms


def open_scenario_panel(
    uow: UnitOfWork, scenario: Scenario, standing: ListingStanding, *, looked_at_by: str
) -> SittingPanel:
    """The panel that decides the use; who declared it or looked at it first never sits there."""
    panel = open_panel(
        uow,
        kind=SCENARIO,
        subject_id=scenario.id,
        case=None,
        excluded=[looked_at_by, scenario.submitted_by],
        needs_two_thirds=needs_two_thirds(approval_behind(uow, standing)),
    )
    scenario.panel_id = panel.id
    return panel


def vote_on_scenario(
    uow: UnitOfWork, sitting: SittingPanel, principal: Principal, *, in_favour: bool, reason: str
) -> None:
    """A member's only vote; one for the use is refused where a rule or its listing forbids it.

    Raises `NoSeatOnPanel`, `VoteAlreadyCast`, `IllegalTransition`, `RulesBlock`,
    `ListingNotInForce`, `LicenceCannotBeIssued`.
    """
    scenario = lock_scenario(uow, sitting.subject_id)
    voted = vote(uow, sitting, principal.id, in_favour=in_favour, reason=reason)
    if in_favour:
        _permitted(uow, scenario)
    conclude_scenario(uow, sitting, scenario, voted)


def _permitted(uow: UnitOfWork, scenario: Scenario) -> Terms:
    standing = open_standing(uow, scenario.listing_code)
    demand_lawful_use(uow, scenario, standing)
    return granted_terms(scenario, standing, {})


def conclude_scenario(
    uow: UnitOfWork, sitting: SittingPanel, scenario: Scenario, panel: Panel
) -> None:
    """What a concluded panel means for the use; an open one means nothing yet.

    A majority does not carry over a rule that blocks, or over a listing that has ended meanwhile.
    """
    if panel.state is PanelState.OPEN:
        return
    scenario.decided_by, scenario.decided_at = sitting.id, uow.now
    scenario.reason = reasons_of(sitting)
    if panel.state is not PanelState.CARRIED:
        _refuse(uow, scenario, FAIL)
        return
    try:
        terms = _permitted(uow, scenario)
    except (
        LicenceCannotBeIssued,
        ListingNeverPublished,
        ListingNotInForce,
        RulesBlock,
    ) as obstacle:
        scenario.reason = f"{scenario.reason}\n{obstacle}"
        _refuse(uow, scenario, CARRY_BARRED)
        return
    scenario.state = TRANSITIONS.next(scenario.state, CARRY)
    grant(uow, scenario, terms)
    record_approval(uow, scenario)


def _refuse(uow: UnitOfWork, scenario: Scenario, event: str) -> None:
    scenario.state = TRANSITIONS.next(scenario.state, event)
    uow.record(
        ScenarioRefused(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            refused_by=str(scenario.decided_by),
        )
    )
