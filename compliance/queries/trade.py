"""Reads: scenarios, licences, and what was taken away from them."""

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select

from app.core.paging import Page, matching, of_party, paginate
from app.core.principals import Permission, Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import LicenceNotFound
from compliance.models.licences import Licence, Scenario, ScenarioDeclaration
from compliance.models.narrowing import CHAIN, Narrowing
from compliance.queries.specialities import get_own_specialities
from compliance.review.deadlines import USE_STAGES
from compliance.review.scenario_errors import ScenarioNotFound
from compliance.review.specialities import codes

NEWEST, DUE = "newest", "due"


def list_scenarios(
    uow: UnitOfWork,
    *,
    buyer_id: str | None,
    state: str | None = None,
    listing_code: str | None = None,
    is_overdue: bool | None = None,
    reviewer: Principal | None = None,
    order: str = NEWEST,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Scenario]:
    """A buyer's scenarios, or everybody's for the exchange (``buyer_id`` None), newest first.

    ``order`` `DUE` puts the next deadline first; ``reviewer`` finds those that this person may
    decide now, and knows about.
    """
    wanted = select(Scenario)
    if buyer_id is not None:
        wanted = wanted.where(Scenario.buyer_id == buyer_id)
    if state is not None:
        wanted = wanted.where(Scenario.state == state)
    if listing_code is not None:
        wanted = wanted.where(Scenario.listing_code == listing_code)
    if is_overdue is not None:
        overdue = and_(Scenario.due_at.is_not(None), Scenario.due_at <= uow.now)
        wanted = wanted.where(overdue if is_overdue else not_(overdue))
    if reviewer is not None:
        wanted = wanted.where(*_fit_for(uow, reviewer))
    is_newest = order == NEWEST
    key = Scenario.id if is_newest else Scenario.by_due
    return paginate(
        uow.session, wanted, key=key, cursor=cursor, limit=limit, newest_first=is_newest
    )


def _fit_for(uow: UnitOfWork, reviewer: Principal) -> list[ColumnElement[bool]]:
    """Undecided, of neither party, nothing that bars them, of a scene that they know about."""
    declared = exists().where(
        ScenarioDeclaration.scenario_id == Scenario.id,
        ScenarioDeclaration.reviewer_id == reviewer.id,
        ScenarioDeclaration.is_conflicted,
    )
    fits = [
        Scenario.state.in_(USE_STAGES if reviewer.may(Permission.REVIEW) else ()),
        Scenario.buyer_id != reviewer.organisation_id,
        Scenario.supplier_id != reviewer.organisation_id,
        Scenario.first_approved_by.is_distinct_from(reviewer.id),
        not_(declared),
    ]
    known = get_own_specialities(uow, reviewer.id).specialities
    if known:
        sector = Scenario.content["sector"].astext
        fits.append(or_(sector.in_(known), sector.not_in(codes())))
    return fits


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
    side: str | None = None,
    state: str | None = None,
    listing_code: str | None = None,
    buyer_id: str | None = None,
    supplier_id: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[Licence]:
    """Licences in which the organisation is a party, or all for the exchange (None)."""
    wanted = {
        Licence.state: state,
        Licence.listing_code: listing_code,
        Licence.buyer_id: buyer_id,
        Licence.supplier_id: supplier_id,
    }
    statement = select(Licence).where(
        *of_party(organisation_id, side, buyer=Licence.buyer_id, supplier=Licence.supplier_id),
        *matching(wanted),
    )
    return paginate(uow.session, statement, key=Licence.id, cursor=cursor, limit=limit)


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
