"""The panel over a use that no single person weighs: called, voted on, concluded."""

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import DossierHashMismatch, ListingNeverPublished, ListingNotInForce
from compliance.events import ScenarioRefused
from compliance.models.licences import ListingStanding, Scenario
from compliance.models.panels import SittingPanel
from compliance.review.panels import SCENARIO, Panel, PanelState
from compliance.review.scenario_machine import ScenarioState
from compliance.review.use_machine import conclude
from compliance.rules.errors import RulesBlock
from compliance.services.panels import needs_two_thirds, open_panel, reasons_of, vote
from compliance.services.scenario_declarations import use_of
from compliance.services.scenarios.declaring import lock_scenario, open_standing
from compliance.services.scenarios.rules import approval_behind, demand_lawful_use
from compliance.services.scenarios.terms import grant, granted_terms, record_approval
from compliance.terms.effective_terms import Terms
from compliance.terms.errors import LicenceCannotBeIssued

STANDS_AGAINST_IT = (
    DossierHashMismatch,
    LicenceCannotBeIssued,
    ListingNeverPublished,
    ListingNotInForce,
    RulesBlock,
)
"""What no majority carries over."""


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
    terms, obstacle = _permitted_or_why(uow, scenario)
    concluded = conclude(use_of(uow, scenario), panel, is_barred=terms is None)
    reasons = [reasons_of(sitting), obstacle if panel.state is PanelState.CARRIED else ""]
    scenario.reason = "\n".join(each for each in reasons if each)
    if concluded.state is ScenarioState.ACTIVE and terms is not None:
        grant(uow, scenario, terms)
    scenario.follow(concluded, uow.now)
    if concluded.state is ScenarioState.ACTIVE:
        record_approval(uow, scenario)
        return
    uow.record(
        ScenarioRefused(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            refused_by=sitting.id,
        )
    )


def _permitted_or_why(uow: UnitOfWork, scenario: Scenario) -> tuple[Terms | None, str]:
    try:
        return _permitted(uow, scenario), ""
    except STANDS_AGAINST_IT as obstacle:
        return None, str(obstacle)
