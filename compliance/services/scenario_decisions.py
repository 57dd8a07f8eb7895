"""Deciding a declared use: by one person, by two, or by one and a panel; narrowing it later."""

from typing import Any

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import SecondReviewerMustDiffer
from compliance.events import ScenarioNarrowed, ScenarioRefused
from compliance.models.licences import Scenario
from compliance.review.scenario_machine import NARROW, TRANSITIONS, ScenarioDecision, ScenarioState
from compliance.services.narrowing import demand_narrower, narrow_scenario_licences
from compliance.services.scenario_declarations import declare_on_scenario, demand_clear
from compliance.services.scenario_panels import open_scenario_panel
from compliance.services.scenario_rules import approve_first, demand_lawful_use, weigh_use
from compliance.services.scenario_terms import grant, granted_terms, known, record_approval
from compliance.services.scenarios import lock_scenario, open_standing
from compliance.terms.effective_terms import effective, from_document, to_document

Document = dict[str, Any]


def decide_scenario(
    uow: UnitOfWork,
    principal: Principal,
    *,
    scenario_id: str,
    answers: dict[str, str],
    decision: str,
    reason: str,
    narrowed: Document | None = None,
) -> Scenario:
    """The decision of a reviewer from neither party; ``narrowed`` may only take away.

    A risky use takes two people, one of no known purpose a reviewer and a panel; what anybody
    takes away is gone. A declared conflict is kept, decides nothing and leaves the use to others.
    Raises `ScenarioNotFound`, `NotYourDecision`, `ReviewerConflicted`, `DeclarationIncomplete`,
    `ScenarioOutsideListing`, `IllegalTransition`, `RulesBlock`, `SecondReviewerMustDiffer`,
    `LicenceCannotBeIssued` when nothing would be left.
    """
    scenario = lock_scenario(uow, scenario_id)
    following = TRANSITIONS.next(scenario.state, ScenarioDecision(decision))
    demand_clear(uow, principal, scenario)
    if scenario.first_approved_by == principal.id:
        raise SecondReviewerMustDiffer(scenario.id)
    if declare_on_scenario(uow, principal, scenario, answers).is_conflicted:
        return scenario
    if following == ScenarioState.ACTIVE:
        return _approve(uow, principal, scenario, narrowed=narrowed or {}, reason=reason)
    scenario.state, scenario.reason = following, reason
    scenario.decided_by, scenario.decided_at = principal.id, uow.now
    uow.record(
        ScenarioRefused(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            refused_by=principal.id,
        )
    )
    return scenario


def _approve(
    uow: UnitOfWork, principal: Principal, scenario: Scenario, *, narrowed: Document, reason: str
) -> Scenario:
    standing = open_standing(uow, scenario.listing_code)
    weigh_use(scenario, standing)
    demand_lawful_use(uow, scenario, standing)
    terms = granted_terms(scenario, standing, narrowed)
    if scenario.state == ScenarioState.SUBMITTED and (scenario.needs_two or scenario.needs_panel):
        if scenario.needs_panel:
            open_scenario_panel(uow, scenario, standing, looked_at_by=principal.id)
        return approve_first(uow, scenario, principal, narrowed=narrowed, reason=reason)
    grant(uow, scenario, terms)
    scenario.state, scenario.reason = ScenarioState.ACTIVE, reason
    scenario.decided_by, scenario.decided_at = principal.id, uow.now
    record_approval(uow, scenario)
    return scenario


def narrow_scenario(
    uow: UnitOfWork, principal: Principal, *, scenario_id: str, reason: str, narrowed: Document
) -> Scenario:
    """Take away from an approved use, and from its licences at once; a reviewer of neither party.

    Raises `ScenarioNotFound`, `NotYourDecision`, `ReviewerConflicted`, `IllegalTransition`,
    `ScenarioOutsideListing`, `NothingNarrowed`, `LicenceCannotBeIssued` when nothing would be left.
    """
    scenario = lock_scenario(uow, scenario_id)
    TRANSITIONS.next(scenario.state, NARROW)
    demand_clear(uow, principal, scenario)
    before, limits = from_document(scenario.terms or {}), from_document(narrowed)
    after = effective([before, limits])
    demand_narrower(before, after)
    grant(uow, scenario, after)
    scenario.reason, scenario.version = reason, scenario.version + 1
    uow.record(
        ScenarioNarrowed(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            listing_code=scenario.listing_code,
            terms=to_document(after),
            scenario_hash=scenario.scenario_hash,
            narrowed_by=principal.id,
            valid_from=known(after.starts_at),
            valid_until=known(after.ends_at),
        )
    )
    narrow_scenario_licences(uow, principal, scenario, reason=reason)
    return scenario
