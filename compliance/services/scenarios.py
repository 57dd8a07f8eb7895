"""Scenarios: declared by a buyer, decided by a reviewer of neither party, withdrawn at will."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core.canonical import digest_hex
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import (
    ListingNeverPublished,
    ListingNotInForce,
    NotYourDecision,
    ScenarioForOwnListing,
    ScenarioNotFound,
    ScenarioOutsideListing,
    SecondReviewerMustDiffer,
)
from compliance.events import (
    ScenarioApproved,
    ScenarioNarrowed,
    ScenarioRefused,
    ScenarioSubmitted,
    ScenarioWithdrawn,
)
from compliance.lapses.expiry_policy import lapse
from compliance.models.licences import ListingStanding, Scenario
from compliance.review.listing_machine import ListingState
from compliance.review.scenario_machine import (
    NARROW,
    TRANSITIONS,
    WITHDRAW,
    ScenarioDecision,
    ScenarioState,
)
from compliance.services.lapses import note_lapses
from compliance.services.licences import revoke_licences_of_scenario
from compliance.services.narrowing import demand_narrower, narrow_scenario_licences
from compliance.services.scenario_rules import approve_first, demand_lawful_use, weigh_use
from compliance.terms import purposes, regions
from compliance.terms.effective_terms import Terms, effective, from_document, meet, to_document

Document = dict[str, Any]


def submit_scenario(
    uow: UnitOfWork, principal: Principal, *, listing_code: str, content: Document
) -> Scenario:
    """The buyer's declared use, waiting for a reviewer.

    Raises `ListingNeverPublished`, `ListingNotInForce`, `ScenarioForOwnListing`,
    `ScenarioOutsideListing`.
    """
    standing = _open_standing(uow, listing_code)
    if standing.supplier_id == principal.organisation_id:
        raise ScenarioForOwnListing(listing_code)
    errors = _beyond(content, standing.product_terms)
    if errors:
        raise ScenarioOutsideListing(errors)
    scenario = Scenario(
        id=uow.ids.new("scn"),
        buyer_id=principal.organisation_id,
        supplier_id=standing.supplier_id,
        listing_code=listing_code,
        state=ScenarioState.SUBMITTED,
        content=content,
        submitted_by=principal.id,
        submitted_at=uow.now,
        terms=None,
        scenario_hash="",
        risk_factors={},
        needs_two=False,
    )
    scenario.scenario_hash = _hash(scenario)
    uow.session.add(scenario)
    uow.record(
        ScenarioSubmitted(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            listing_code=listing_code,
            scenario_hash=scenario.scenario_hash,
        )
    )
    return scenario


def _open_standing(uow: UnitOfWork, listing_code: str) -> ListingStanding:
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


def asked_terms(content: Mapping[str, Any]) -> Document:
    """What the buyer asks for, as terms."""
    return {
        "purposes": [content["purpose"]],
        "fields": sorted(field["name"] for field in content["fields"]),
        "regions": content["regions"],
        "starts_at": content["starts_at"],
        "ends_at": content["ends_at"],
        "calls_max": content["calls_max"],
        "calls_per_second": content["calls_per_second"],
        "retention": content["retention"],
        "recipients": content["recipients"],
        "prohibitions": content["prohibited_uses"],
    }


def _hash(scenario: Scenario) -> str:
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


def decide_scenario(
    uow: UnitOfWork,
    principal: Principal,
    *,
    scenario_id: str,
    decision: str,
    reason: str,
    narrowed: Document | None = None,
) -> Scenario:
    """The decision of a reviewer from neither party; ``narrowed`` may only take away.

    A risky use, and one of no known purpose, takes two people; what either takes away is gone.
    Raises `ScenarioNotFound`, `NotYourDecision`, `ScenarioOutsideListing`, `IllegalTransition`,
    `RulesBlock`, `SecondReviewerMustDiffer`, `LicenceCannotBeIssued` when nothing would be left.
    """
    scenario = lock_scenario(uow, scenario_id)
    following = TRANSITIONS.next(scenario.state, ScenarioDecision(decision))
    _demand_neither_party(principal, scenario)
    if scenario.first_approved_by == principal.id:
        raise SecondReviewerMustDiffer(scenario.id)
    if following == ScenarioState.ACTIVE:
        standing = _open_standing(uow, scenario.listing_code)
        weigh_use(uow, scenario, standing)
        demand_lawful_use(uow, scenario, standing)
        terms = _granted_terms(uow, scenario, narrowed or {})
        if scenario.needs_two and scenario.state == ScenarioState.SUBMITTED:
            return approve_first(uow, scenario, principal, narrowed=narrowed, reason=reason)
        _grant(uow, scenario, terms)
    scenario.state, scenario.reason = following, reason
    scenario.decided_by, scenario.decided_at = principal.id, uow.now
    _record_decision(uow, scenario, principal.id)
    return scenario


def _granted_terms(uow: UnitOfWork, scenario: Scenario, narrowed: Document) -> Terms:
    standing = _open_standing(uow, scenario.listing_code)
    asked, limits = from_document(asked_terms(scenario.content)), from_document(narrowed)
    asked = meet(asked, from_document(scenario.first_narrowed or {}))
    both = meet(asked, limits)
    wider = [name for name in narrowed if getattr(both, name) != getattr(limits, name)]
    if wider:
        errors = [{"pointer": f"#/narrowed/{n}", "detail": "Wider than asked."} for n in wider]
        raise ScenarioOutsideListing(errors)
    return effective([both, from_document(standing.product_terms)])


def narrow_scenario(
    uow: UnitOfWork, principal: Principal, *, scenario_id: str, reason: str, narrowed: Document
) -> Scenario:
    """Take away from an approved use, and from its licences at once; a reviewer of neither party.

    Raises `ScenarioNotFound`, `NotYourDecision`, `IllegalTransition`, `ScenarioOutsideListing`,
    `NothingNarrowed`, `LicenceCannotBeIssued` when nothing would be left.
    """
    scenario = lock_scenario(uow, scenario_id)
    TRANSITIONS.next(scenario.state, NARROW)
    _demand_neither_party(principal, scenario)
    before, limits = from_document(scenario.terms or {}), from_document(narrowed)
    after = effective([before, limits])
    demand_narrower(before, after)
    _grant(uow, scenario, after)
    scenario.reason = reason
    uow.record(
        ScenarioNarrowed(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            listing_code=scenario.listing_code,
            terms=to_document(after),
            scenario_hash=scenario.scenario_hash,
            narrowed_by=principal.id,
            valid_from=_known(after.starts_at),
            valid_until=_known(after.ends_at),
        )
    )
    narrow_scenario_licences(uow, principal, scenario, reason=reason)
    return scenario


def _known(instant: datetime | None) -> datetime:
    assert instant is not None, "effective terms have a period"
    return instant


def _demand_neither_party(principal: Principal, scenario: Scenario) -> None:
    if principal.organisation_id in {scenario.buyer_id, scenario.supplier_id}:
        why = "A reviewer from neither party decides a scenario."
        raise NotYourDecision(why)


def _grant(uow: UnitOfWork, scenario: Scenario, terms: Terms) -> None:
    scenario.terms = to_document(terms)
    scenario.valid_from, scenario.valid_until = terms.starts_at, terms.ends_at
    scenario.scenario_hash = _hash(scenario)
    note_lapses(
        uow,
        subject_id=scenario.id,
        organisation_id=scenario.buyer_id,
        listing_code=scenario.listing_code,
        lapses=[lapse("SCENARIO", scenario.content["purpose"], _known(terms.ends_at))],
    )


def _record_decision(uow: UnitOfWork, scenario: Scenario, reviewer_id: str) -> None:
    if scenario.state == ScenarioState.ACTIVE:
        _record_approval(uow, scenario)
        return
    uow.record(
        ScenarioRefused(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            refused_by=reviewer_id,
        )
    )


def _record_approval(uow: UnitOfWork, scenario: Scenario) -> None:
    assert scenario.terms is not None
    assert scenario.decided_by is not None
    assert scenario.valid_from is not None
    assert scenario.valid_until is not None
    uow.record(
        ScenarioApproved(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            buyer_id=scenario.buyer_id,
            listing_code=scenario.listing_code,
            terms=scenario.terms,
            scenario_hash=scenario.scenario_hash,
            approved_by=scenario.decided_by,
            valid_from=scenario.valid_from,
            valid_until=scenario.valid_until,
            first_approved_by=scenario.first_approved_by,
            risk_score=scenario.risk_score,
        )
    )


def withdraw_scenario(uow: UnitOfWork, principal: Principal, *, scenario_id: str) -> Scenario:
    """The buyer gives the use up; its licences end at once.

    Raises `ScenarioNotFound`, `NotYourDecision`, `IllegalTransition`.
    """
    scenario = lock_scenario(uow, scenario_id)
    if principal.organisation_id != scenario.buyer_id:
        why = "Only the buyer withdraws its scenario."
        raise NotYourDecision(why)
    scenario.state = TRANSITIONS.next(scenario.state, WITHDRAW)
    scenario.withdrawn_at = uow.now
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
