"""Closes a deal: order and agreement over a plan, a scenario and everybody who has a share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core.ids import (
    AgreementId,
    CustomOfferId,
    OrderId,
    OrganisationId,
    PlanId,
    ProductId,
    ScenarioId,
    VersionId,
)
from app.core.unit_of_work import UnitOfWork
from listings.errors import ListingNotFound
from listings.events import OrderPlaced
from listings.models import Agreement, ApprovedScenario, Listing, ListingParty, Order
from listings.offers.agreement_terms import (
    agreed_period,
    agreement_hash,
    agreement_terms,
    product_terms,
)
from listings.offers.contribution_terms import shared_split
from listings.offers.errors import OwnListing, ScenarioNotApproved
from listings.offers.order_states import PLACED
from listings.offers.plan_prices import due_at_order
from listings.ports import ExchangePolicy
from listings.services.parties import demand_supplier


@dataclass(frozen=True)
class ChosenPlan:
    """The plan that the buyer accepts: a listed one, or one that a custom offer proposes."""

    plan_id: str
    plan_hash: str
    terms: dict[str, Any]
    custom_offer_id: str | None = None


@dataclass(frozen=True)
class Deal:
    """Everything that an agreement fixes, gathered and checked."""

    buyer: ListingParty
    supplier: ListingParty
    listing: Listing
    plan: ChosenPlan
    scenario: ApprovedScenario
    contributors: Sequence[dict[str, Any]]
    product_terms: dict[str, Any]
    split: dict[str, int]
    period: tuple[datetime, datetime]


def listing_on_sale(uow: UnitOfWork, listing_code: str, buyer: ListingParty) -> Listing:
    """The listing as it was reviewed.

    Raises `ListingNotFound`, `OwnListing`, `ListingNotOpen`, `DossierChanged`.
    """
    listing = uow.session.get(Listing, listing_code)
    if listing is None:
        raise ListingNotFound(listing_code)
    if listing.supplier_id == buyer.organisation_id:
        raise OwnListing(listing_code)
    listing.demand_open()
    # The approval holds for the reviewed bytes only: one that changed since stops the sale.
    listing.version.demand_unchanged(listing.dossier_hash)
    return listing


def make_deal(
    uow: UnitOfWork,
    policy: ExchangePolicy,
    *,
    buyer: ListingParty,
    listing: Listing,
    plan: ChosenPlan,
    scenario_id: str,
) -> Deal:
    """Gather the rest of a deal; raises `ScenarioNotApproved`, `PartyNotVerified`."""
    scenario = _current_scenario(uow, scenario_id, buyer, listing)
    content = listing.version.content
    named = content.get("contributors", [])
    return Deal(
        buyer=buyer,
        supplier=demand_supplier(uow, listing.supplier_id),
        listing=listing,
        plan=plan,
        scenario=scenario,
        # Nobody is owed money whom the exchange does not know any more.
        contributors=[
            _party(demand_supplier(uow, each["organisation_id"]))
            | {"share_bp": each["share_bp"], "basis": each["basis"]}
            for each in named
        ],
        product_terms=product_terms(content, plan.terms),
        split=shared_split(policy.split, named),
        period=agreed_period(plan.terms, ordered_at=uow.now, scenario_ends_at=scenario.valid_until),
    )


def _current_scenario(
    uow: UnitOfWork, scenario_id: str, buyer: ListingParty, listing: Listing
) -> ApprovedScenario:
    # Not held: the licence, in the same transaction, holds the scenario itself and looks again.
    # To hold this copy before it would cross whoever withdraws the scenario, and then the copy.
    scenario = uow.session.scalars(
        select(ApprovedScenario).where(
            ApprovedScenario.scenario_id == scenario_id,
            ApprovedScenario.buyer_id == buyer.organisation_id,
            ApprovedScenario.listing_code == listing.listing_code,
        )
    ).one_or_none()
    if scenario is None or not scenario.is_current(uow.now):
        raise ScenarioNotApproved(scenario_id, listing.listing_code)
    return scenario


def close_deal(uow: UnitOfWork, deal: Deal) -> Order:
    """Order and agreement, fixed by hash and told to everybody."""
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
    order = _order(uow, deal, order_id, agreement)
    uow.session.add(order)
    uow.session.flush()
    _tell(uow, order, deal)
    return order


def _order(uow: UnitOfWork, deal: Deal, order_id: str, agreement: Agreement) -> Order:
    return Order(
        id=order_id,
        buyer_id=deal.buyer.organisation_id,
        supplier_id=deal.supplier.organisation_id,
        listing_code=deal.listing.listing_code,
        version_id=deal.listing.version_id,
        plan_id=deal.plan.plan_id,
        custom_offer_id=deal.plan.custom_offer_id,
        scenario_id=deal.scenario.scenario_id,
        agreement=agreement,
        state=PLACED,
        due_amount=due_at_order(deal.plan.terms),
        currency=deal.plan.terms["currency"],
        starts_at=deal.period[0],
        ends_at=deal.period[1],
        scenario_ends_at=deal.scenario.valid_until,
        placed_at=uow.now,
    )


def _terms(deal: Deal, order_id: str, agreement_id: str) -> dict[str, Any]:
    subject = {
        "order_id": order_id,
        "agreement_id": agreement_id,
        "listing_code": deal.listing.listing_code,
        "product_id": deal.listing.product_id,
        "version_id": deal.listing.version_id,
        "dossier_hash": deal.listing.dossier_hash,
        "plan_id": deal.plan.plan_id,
        "plan_hash": deal.plan.plan_hash,
        "scenario_id": deal.scenario.scenario_id,
    }
    if deal.plan.custom_offer_id is not None:
        subject["custom_offer_id"] = deal.plan.custom_offer_id
    return agreement_terms(
        parties={"buyer": _party(deal.buyer), "supplier": _party(deal.supplier)},
        subject=subject,
        plan=deal.plan.terms,
        product=deal.product_terms,
        split=deal.split,
        period=deal.period,
        contributors=deal.contributors,
    )


def _party(party: ListingParty) -> dict[str, Any]:
    return {
        "organisation_id": party.organisation_id,
        "name": party.name,
        "uscc": party.uscc,
    }


def _tell(uow: UnitOfWork, order: Order, deal: Deal) -> None:
    custom_offer_id = order.custom_offer_id
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
            custom_offer_id=None if custom_offer_id is None else CustomOfferId(custom_offer_id),
            scenario_id=ScenarioId(order.scenario_id),
            due_amount=order.due_amount,
            currency=order.currency,
            split=deal.split,
            starts_at=order.starts_at,
            ends_at=order.ends_at,
            product_terms=deal.product_terms,
        )
    )
