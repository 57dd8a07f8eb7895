"""Deciding a declared use: by one person, by two, or by one and a panel; narrowing it later."""

from typing import Any

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.events import ScenarioNarrowed, ScenarioRefused
from compliance.models.licences import Scenario
from compliance.review.deadlines import use_due_at
from compliance.review.scenario_machine import NARROW, TRANSITIONS, ScenarioDecision, ScenarioState
from compliance.review.use_machine import decide
from compliance.services.narrowing import demand_narrower, narrow_scenario_licences
from compliance.services.policies import policy_in_force
from compliance.services.scenario_declarations import (
    declare_on_scenario,
    demand_clear,
    is_of_a_party,
    use_of,
)
from compliance.services.scenarios.declaring import lock_scenario, open_standing
from compliance.services.scenarios.panels import open_scenario_panel
from compliance.services.scenarios.rules import demand_lawful_use, weigh_use
from compliance.services.scenarios.terms import (
    grant,
    granted_terms,
    known,
    record_approval,
    record_first_approval,
)
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
    before, chosen = use_of(uow, scenario), ScenarioDecision(decision)
    is_party = is_of_a_party(principal, scenario)
    decide(before, principal.id, chosen, is_party=is_party)
    if declare_on_scenario(uow, principal, scenario, answers).is_conflicted:
        return scenario
    if chosen is ScenarioDecision.APPROVE:
        return _approve(uow, principal, scenario, narrowed=narrowed or {}, reason=reason)
    scenario.follow(decide(before, principal.id, chosen), uow.now)
    scenario.reason = reason
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
    decided = decide(use_of(uow, scenario), principal.id, ScenarioDecision.APPROVE)
    if decided.state is ScenarioState.PANEL:
        open_scenario_panel(uow, scenario, standing, looked_at_by=principal.id)
    if decided.state is ScenarioState.ACTIVE:
        grant(uow, scenario, terms)
    else:
        scenario.first_narrowed = narrowed
    scenario.follow(decided, uow.now, use_due_at(decided.state, policy_in_force(uow), uow.now))
    scenario.reason = reason
    if decided.state is ScenarioState.ACTIVE:
        record_approval(uow, scenario)
    else:
        record_first_approval(uow, scenario)
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
    # It stands in the log before what becomes of each licence.
    with uow.savepoint():
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
