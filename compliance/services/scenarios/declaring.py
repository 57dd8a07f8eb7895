"""Scenarios as their buyer has them: declared, weighed when they come in, withdrawn at will."""

from collections.abc import Mapping
from typing import Any

from app.core.canonical import digest_hex
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import ListingNeverPublished, ListingNotInForce, NotYourDecision
from compliance.events import ScenarioSubmitted, ScenarioWithdrawn
from compliance.models.licences import ListingStanding, Scenario
from compliance.review.deadlines import use_due_at
from compliance.review.listing_machine import ListingState
from compliance.review.panels import SCENARIO
from compliance.review.scenario_errors import (
    ScenarioForOwnListing,
    ScenarioNotFound,
    ScenarioOutsideListing,
)
from compliance.review.scenario_machine import ScenarioState
from compliance.review.use_machine import withdraw
from compliance.services.licences.ends import revoke_licences_of_scenario
from compliance.services.panels import dissolve_panel, lock_panel
from compliance.services.policies import policy_in_force
from compliance.services.scenarios.rules import weigh_use
from compliance.terms import purposes, regions

Document = dict[str, Any]


def submit_scenario(
    uow: UnitOfWork, principal: Principal, *, listing_code: str, content: Document
) -> Scenario:
    """The buyer's declared use, weighed as it comes in: how many decide it is fixed from here on.

    Raises `ListingNeverPublished`, `ListingNotInForce`, `ScenarioForOwnListing`,
    `ScenarioOutsideListing`.
    """
    standing = open_standing(uow, listing_code)
    if standing.supplier_id == principal.organisation_id:
        raise ScenarioForOwnListing(listing_code)
    errors = _beyond(content, standing.product_terms)
    if errors:
        raise ScenarioOutsideListing(errors)
    scenario = _declared(uow, principal, standing, content)
    depth = weigh_use(scenario, standing)
    uow.session.add(scenario)
    uow.record(
        ScenarioSubmitted(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            listing_code=listing_code,
            scenario_hash=scenario.scenario_hash,
            risk_score=int(scenario.risk_score or 0),
            depth=depth,
        )
    )
    return scenario


def _declared(
    uow: UnitOfWork, principal: Principal, standing: ListingStanding, content: Document
) -> Scenario:
    """The use as it was declared, before it is weighed."""
    scenario = Scenario(
        id=uow.ids.new("scn"),
        buyer_id=principal.organisation_id,
        supplier_id=standing.supplier_id,
        listing_code=standing.listing_code,
        state=ScenarioState.SUBMITTED,
        product_version_id=standing.version_id,
        version=1,
        content=content,
        submitted_by=principal.id,
        submitted_at=uow.now,
        stage_since_at=uow.now,
        due_at=use_due_at(ScenarioState.SUBMITTED, policy_in_force(uow), uow.now),
        terms=None,
        scenario_hash="",
        risk_factors={},
        needs_two=False,
        needs_panel=False,
    )
    scenario.scenario_hash = hash_of(scenario)
    return scenario


def open_standing(uow: UnitOfWork, listing_code: str) -> ListingStanding:
    """How a listing in force stands; raises `ListingNeverPublished`, `ListingNotInForce`."""
    standing = uow.session.get(ListingStanding, listing_code)
    if standing is None:
        raise ListingNeverPublished(listing_code)
    if standing.state != ListingState.LISTED:
        raise ListingNotInForce(listing_code, standing.state)
    return standing


def _beyond(content: Mapping[str, Any], product: Mapping[str, Any]) -> list[dict[str, str]]:
    asked = {field["name"] for field in content["fields"]}
    checks = {
        "purpose": purposes.within([content["purpose"]], product["purposes"]),
        "fields": asked <= set(product["fields"]),
        "regions": regions.within(content["regions"], product["regions"]),
        "ends_at": content["starts_at"] < content["ends_at"],
    }
    return [
        {"pointer": f"#/{name}", "detail": "The listing does not permit this."}
        for name, is_met in checks.items()
        if not is_met
    ]


def hash_of(scenario: Scenario) -> str:
    """What the log names a scenario by: its parties, what was declared, what was approved."""
    return digest_hex(
        {
            "scenario": scenario.id,
            "buyer": scenario.buyer_id,
            "listing": scenario.listing_code,
            "content": scenario.content,
            "terms": scenario.terms,
        }
    )


def lock_scenario(uow: UnitOfWork, scenario_id: str) -> Scenario:
    """The scenario, held to the end of the transaction; raises `ScenarioNotFound`."""
    scenario = uow.session.get(Scenario, scenario_id, with_for_update=True)
    if scenario is None:
        raise ScenarioNotFound(scenario_id)
    return scenario


def withdraw_scenario(uow: UnitOfWork, principal: Principal, *, scenario_id: str) -> Scenario:
    """The buyer gives the use up; its licences end at once.

    Raises `ScenarioNotFound`, `NotYourDecision`, `IllegalTransition`.
    """
    scenario = _lock_with_panel(uow, scenario_id)
    if principal.organisation_id != scenario.buyer_id:
        why = "Only the buyer withdraws its scenario."
        raise NotYourDecision(why)
    scenario.follow(withdraw(scenario.use(())), uow.now)
    scenario.withdrawn_at = uow.now
    if scenario.panel_id is not None:
        dissolve_panel(uow, lock_panel(uow, scenario.panel_id, (SCENARIO,)))
    uow.record(
        ScenarioWithdrawn(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            listing_code=scenario.listing_code,
        )
    )
    revoke_licences_of_scenario(uow, scenario.id, actor_id=principal.id)
    return scenario


def _lock_with_panel(uow: UnitOfWork, scenario_id: str) -> Scenario:
    """The scenario, held behind its panel, in the order in which its members' votes hold both."""
    seen = uow.session.get(Scenario, scenario_id)
    if seen is not None and seen.panel_id is not None:
        lock_panel(uow, seen.panel_id, (SCENARIO,))
    return lock_scenario(uow, scenario_id)
