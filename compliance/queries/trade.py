"""Reads: scenarios, licences, and what was taken away from them."""

from sqlalchemy import select

from app.core.paging import Page, paginate
from app.core.unit_of_work import UnitOfWork
from compliance.errors import LicenceNotFound, ScenarioNotFound
from compliance.models.licences import Licence, Scenario
from compliance.models.narrowing import CHAIN, Narrowing


def list_scenarios(
    uow: UnitOfWork,
    *,
    buyer_id: str | None,
    state: str | None = None,
    listing_code: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Scenario]:
    """A buyer's scenarios, or everybody's for the exchange (``buyer_id`` None), newest first."""
    wanted = select(Scenario)
    if buyer_id is not None:
        wanted = wanted.where(Scenario.buyer_id == buyer_id)
    if state is not None:
        wanted = wanted.where(Scenario.state == state)
    if listing_code is not None:
        wanted = wanted.where(Scenario.listing_code == listing_code)
    return paginate(uow.session, wanted, key=Scenario.id, cursor=cursor, limit=limit)


def get_scenario(uow: UnitOfWork, scenario_id: str, *, buyer_id: str | None) -> Scenario:
    """One scenario of the buyer, or anybody's for the exchange; raises `ScenarioNotFound`."""
    scenario = uow.session.get(Scenario, scenario_id)
    if scenario is None or buyer_id not in {None, scenario.buyer_id}:
        raise ScenarioNotFound(scenario_id)
    return scenario


def list_licences(
    uow: UnitOfWork,
    *,
    organisation_id: str | None,
    state: str | None = None,
    listing_code: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Licence]:
    """Licences in which the organisation is a party, or all for the exchange (None)."""
    wanted = select(Licence)
    if organisation_id is not None:
        wanted = wanted.where(
            (Licence.buyer_id == organisation_id) | (Licence.supplier_id == organisation_id)
        )
    if state is not None:
        wanted = wanted.where(Licence.state == state)
    if listing_code is not None:
        wanted = wanted.where(Licence.listing_code == listing_code)
    return paginate(uow.session, wanted, key=Licence.id, cursor=cursor, limit=limit)


def get_licence(uow: UnitOfWork, licence_id: str, *, organisation_id: str | None) -> Licence:
    """One licence of which the organisation is a party; raises `LicenceNotFound`."""
    licence = uow.session.get(Licence, licence_id)
    parties = None if licence is None else {None, licence.buyer_id, licence.supplier_id}
    if licence is None or parties is None or organisation_id not in parties:
        raise LicenceNotFound(licence_id)
    return licence


def list_narrowings(
    uow: UnitOfWork,
    *,
    listing_code: str,
    supplier_id: str | None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Narrowing]:
    """What a listing's chain has lost, for its supplier or all for the exchange (None)."""
    wanted = select(Narrowing).where(
        Narrowing.listing_code == listing_code, Narrowing.source == CHAIN
    )
    if supplier_id is not None:
        wanted = wanted.where(Narrowing.supplier_id == supplier_id)
    return paginate(uow.session, wanted, key=Narrowing.id, cursor=cursor, limit=limit)
