"""Takes orders: no scenario, no trade."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core.ids import (
    AgreementId,
    OrderId,
    OrganisationId,
    PlanId,
    ProductId,
    ScenarioId,
    VersionId,
)
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.agreement_terms import (
    agreed_period,
    agreement_hash,
    agreement_terms,
    product_terms,
)
from listings.errors import (
    ListingNotFound,
    OrderNotFound,
    OwnListing,
    PlanNotFound,
    ScenarioNotApproved,
    TermsNotAccepted,
)
from listings.events import OrderPlaced
from listings.listing_codes import parse_listing_code
from listings.models import Agreement, ApprovedScenario, Listing, ListingParty, Order, Plan
from listings.models.orders import PLACED
from listings.plan_terms import due_at_order
from listings.ports import ExchangePolicy
from listings.services.parties import demand_buyer, demand_supplier


@dataclass(frozen=True)
class _Deal:
    """Everything that an agreement fixes, gathered and checked."""

    buyer: ListingParty
    supplier: ListingParty
    listing: Listing
    plan: Plan
    scenario: ApprovedScenario
    product_terms: dict[str, Any]
    split: dict[str, int]
    period: tuple[datetime, datetime]


def place_order(
    uow: UnitOfWork,
    principal: Principal,
    policy: ExchangePolicy,
    *,
    listing_code: str,
    plan_id: str,
    scenario_id: str,
    accept_terms: bool,
) -> Order:
    """Accept a plan for an approved scenario: order and agreement, fixed by hash.

    Raises `TermsNotAccepted`, `PartyNotVerified`, `ListingNotFound`, `ListingNotOpen`,
    `OwnListing`, `DossierChanged`, `PlanNotFound`, `ScenarioNotApproved`.
    """
    if not accept_terms:
        raise TermsNotAccepted
    buyer = demand_buyer(uow, principal.organisation_id)
    listing = _listing_on_sale(uow, parse_listing_code(listing_code), buyer)
    plan = _plan_of(listing, plan_id)
    scenario = _current_scenario(uow, scenario_id, buyer, listing)
    deal = _Deal(
        buyer=buyer,
        supplier=demand_supplier(uow, listing.supplier_id),
        listing=listing,
        plan=plan,
        scenario=scenario,
        product_terms=product_terms(listing.version.content, plan.terms),
        split=policy.split,
        period=agreed_period(plan.terms, ordered_at=uow.now, scenario_ends_at=scenario.valid_until),
    )
    return _close(uow, deal)


def _listing_on_sale(uow: UnitOfWork, listing_code: str, buyer: ListingParty) -> Listing:
    listing = uow.session.get(Listing, listing_code)
    if listing is None:
        raise ListingNotFound(listing_code)
    if listing.supplier_id == buyer.organisation_id:
        raise OwnListing(listing_code)
    listing.demand_open()
    # The approval holds for the reviewed bytes only: one that changed since stops the sale.
    listing.version.demand_unchanged(listing.dossier_hash)
    return listing


def _plan_of(listing: Listing, plan_id: str) -> Plan:
    for plan in listing.version.plans:
        if plan.id == plan_id:
            return plan
    raise PlanNotFound(plan_id)


def _current_scenario(
    uow: UnitOfWork, scenario_id: str, buyer: ListingParty, listing: Listing
) -> ApprovedScenario:
    # Shared lock: the scenario cannot end between this check and the commit.
    scenario = uow.session.scalars(
        select(ApprovedScenario)
        .where(
            ApprovedScenario.scenario_id == scenario_id,
            ApprovedScenario.buyer_id == buyer.organisation_id,
            ApprovedScenario.listing_code == listing.listing_code,
        )
        .with_for_update(read=True)
    ).one_or_none()
    if scenario is None or not scenario.is_current(uow.now):
        raise ScenarioNotApproved(scenario_id, listing.listing_code)
    return scenario


def _close(uow: UnitOfWork, deal: _Deal) -> Order:
    order_id, agreement_id = uow.ids.new("ord"), uow.ids.new("agr")
    terms = _terms(deal, order_id, agreement_id)
    agreement = Agreement(
        id=agreement_id,
        buyer_id=deal.buyer.organisation_id,
        supplier_id=deal.supplier.organisation_id,
        listing_code=deal.listing.listing_code,
        terms=terms,
        agreement_hash=agreement_hash(terms),
        agreed_at=uow.now,
    )
    order = Order(
        id=order_id,
        buyer_id=deal.buyer.organisation_id,
        supplier_id=deal.supplier.organisation_id,
        listing_code=deal.listing.listing_code,
        version_id=deal.listing.version_id,
        plan_id=deal.plan.id,
        scenario_id=deal.scenario.scenario_id,
        agreement=agreement,
        state=PLACED,
        due_amount=due_at_order(deal.plan.terms),
        currency=deal.plan.terms["currency"],
        starts_at=deal.period[0],
        ends_at=deal.period[1],
        placed_at=uow.now,
    )
    uow.session.add(order)
    uow.session.flush()
    _tell(uow, order, deal)
    return order


def _terms(deal: _Deal, order_id: str, agreement_id: str) -> dict[str, Any]:
    return agreement_terms(
        parties={"buyer": _party(deal.buyer), "supplier": _party(deal.supplier)},
        subject={
            "order_id": order_id,
            "agreement_id": agreement_id,
            "listing_code": deal.listing.listing_code,
            "product_id": deal.listing.product_id,
            "version_id": deal.listing.version_id,
            "dossier_hash": deal.listing.dossier_hash,
            "plan_id": deal.plan.id,
            "plan_hash": deal.plan.plan_hash,
            "scenario_id": deal.scenario.scenario_id,
        },
        plan=deal.plan.terms,
        product=deal.product_terms,
        split=deal.split,
        period=deal.period,
    )


def _party(party: ListingParty) -> dict[str, str]:
    return {
        "organisation_id": party.organisation_id,
        "name": party.name,
        "uscc": party.uscc,
    }


def _tell(uow: UnitOfWork, order: Order, deal: _Deal) -> None:
    uow.record(
        OrderPlaced(
            occurred_at=uow.now,
            order_id=OrderId(order.id),
            agreement_id=AgreementId(order.agreement.id),
            agreement_hash=order.agreement.agreement_hash,
            buyer_id=OrganisationId(order.buyer_id),
            supplier_id=OrganisationId(order.supplier_id),
            listing_code=order.listing_code,
            product_id=ProductId(deal.listing.product_id),
            version_id=VersionId(order.version_id),
            dossier_hash=deal.listing.dossier_hash,
            plan_id=PlanId(order.plan_id),
            plan_hash=deal.plan.plan_hash,
            plan_terms=deal.plan.terms,
            scenario_id=ScenarioId(order.scenario_id),
            due_amount=order.due_amount,
            currency=order.currency,
            split=deal.split,
            starts_at=order.starts_at,
            ends_at=order.ends_at,
            product_terms=deal.product_terms,
        )
    )


def activate_order(uow: UnitOfWork, *, order_id: str, licence_id: str) -> Order:
    """The licence of the order was issued; once. Raises `OrderNotFound`."""
    order = uow.session.get(Order, order_id, with_for_update=True)
    if order is None:
        raise OrderNotFound(order_id)
    order.activate(licence_id, at=uow.now)
    return order
