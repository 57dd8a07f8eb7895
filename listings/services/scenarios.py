"""Keeps the approved scenarios that orders rest on."""

from datetime import datetime
from typing import Any

from app.core.unit_of_work import UnitOfWork
from listings.models import ApprovedScenario


def note_scenario_approved(
    uow: UnitOfWork,
    *,
    scenario_id: str,
    buyer_id: str,
    listing_code: str,
    terms: dict[str, Any],
    valid_from: datetime,
    valid_until: datetime,
) -> ApprovedScenario:
    """Remember an approval; the second note of the same scenario changes nothing."""
    known = uow.session.get(ApprovedScenario, scenario_id)
    if known is not None:
        return known
    scenario = ApprovedScenario(
        scenario_id=scenario_id,
        buyer_id=buyer_id,
        listing_code=listing_code,
        terms=terms,
        valid_from=valid_from,
        valid_until=valid_until,
        noted_at=uow.now,
    )
    uow.session.add(scenario)
    return scenario


def note_scenario_narrowed(
    uow: UnitOfWork,
    *,
    scenario_id: str,
    terms: dict[str, Any],
    valid_from: datetime,
    valid_until: datetime,
) -> None:
    """From now on an order rests on what is left of the scenario."""
    known = uow.session.get(ApprovedScenario, scenario_id, with_for_update=True)
    if known is not None:
        known.terms, known.valid_from, known.valid_until = terms, valid_from, valid_until


def note_scenario_ended(uow: UnitOfWork, *, scenario_id: str) -> None:
    """From now on no order rests on the scenario; an unknown one has no orders to stop."""
    scenario = uow.session.get(ApprovedScenario, scenario_id, with_for_update=True)
    if scenario is not None and scenario.ended_at is None:
        scenario.ended_at = uow.now
