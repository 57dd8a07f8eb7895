"""What of a declared use is granted: its terms, as asked, as narrowed, as the listing permits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core.unit_of_work import UnitOfWork
from compliance.events import ScenarioApproved, ScenarioFirstApproved
from compliance.lapses.expiry_policy import lapse
from compliance.models.licences import ListingStanding, Scenario
from compliance.review.scenario_errors import ScenarioOutsideListing
from compliance.services.lapses import note_lapses
from compliance.services.scenarios.declaring import hash_of
from compliance.terms.effective_terms import Terms, effective, from_document, meet, to_document

Document = dict[str, Any]


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


def granted_terms(scenario: Scenario, standing: ListingStanding, narrowed: Document) -> Terms:
    """What is left of the use under the listing's terms and everything taken away so far.

    Raises `ScenarioOutsideListing` where ``narrowed`` is wider, `LicenceCannotBeIssued` where
    nothing is left.
    """
    asked, limits = from_document(asked_terms(scenario.content)), from_document(narrowed)
    asked = meet(asked, from_document(scenario.first_narrowed or {}))
    both = meet(asked, limits)
    wider = [name for name in narrowed if getattr(both, name) != getattr(limits, name)]
    if wider:
        errors = [{"pointer": f"#/narrowed/{n}", "detail": "Wider than asked."} for n in wider]
        raise ScenarioOutsideListing(errors)
    return effective([both, from_document(standing.product_terms)])


def grant(uow: UnitOfWork, scenario: Scenario, terms: Terms) -> None:
    """The terms are the scenario's from now on, and lapse with their end."""
    scenario.terms = to_document(terms)
    scenario.valid_from, scenario.valid_until = terms.starts_at, terms.ends_at
    scenario.scenario_hash = hash_of(scenario)
    note_lapses(
        uow,
        subject_id=scenario.id,
        organisation_id=scenario.buyer_id,
        listing_code=scenario.listing_code,
        lapses=[lapse("SCENARIO", scenario.content["purpose"], known(terms.ends_at))],
    )


def known(instant: datetime | None) -> datetime:
    """The instant that effective terms are sure to have."""
    assert instant is not None, "effective terms have a period"
    return instant


def record_approval(uow: UnitOfWork, scenario: Scenario) -> None:
    """Tell what was approved, and by whom."""
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


def record_first_approval(uow: UnitOfWork, scenario: Scenario) -> None:
    """Tell of an approval that takes another, or a panel: it permits nothing yet."""
    uow.record(
        ScenarioFirstApproved(
            occurred_at=uow.now,
            scenario_id=scenario.id,
            approved_by=str(scenario.first_approved_by),
            risk_score=int(scenario.risk_score or 0),
        )
    )
