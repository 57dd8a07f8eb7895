"""Plans between a supplier and one named buyer: proposed, accepted, declined, withdrawn."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.core.ids import CustomOfferId, OrderId, OrganisationId, PlanId
from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from listings.catalogue.listing_codes import parse_listing_code
from listings.errors import Fault, ListingNotFound
from listings.events import (
    CustomOfferAccepted,
    CustomOfferDeclined,
    CustomOfferProposed,
    CustomOfferWithdrawn,
)
from listings.models import CustomOffer, Listing, Order
from listings.offers.custom_offer_states import PROPOSED
from listings.offers.errors import (
    CustomOfferInvalid,
    CustomOfferLimitReached,
    OwnListing,
    TermsNotAccepted,
)
from listings.offers.plan_faults import plan_faults
from listings.offers.plan_terms import plan_hash, plan_terms
from listings.ports import ExchangePolicy
from listings.queries.custom_offers import lock_received, lock_sent
from listings.services.deals import ChosenPlan, close_deal, listing_on_sale, make_deal
from listings.services.parties import demand_buyer, demand_supplier
from listings.versions.content_rules import counting_faults

OPEN_MAX = 20
"""Open offers of a listing to one buyer; nobody weighs more."""
VALID_DAYS_MAX = 366


def propose_custom_offer(
    uow: UnitOfWork,
    principal: Principal,
    *,
    listing_code: str,
    buyer_id: str,
    plan: Mapping[str, Any],
    valid_until: datetime,
    message: str,
    demand_id: str | None = None,
) -> CustomOffer:
    """Propose a plan for a listing on sale to one buyer; nobody else ever sees it.

    ``message`` says why this buyer is offered other terms, as an auditor asks of every such order.
    ``demand_id`` names the buyer's demand that it answers.
    Raises `PartyNotVerified`, `ListingNotFound`, `ListingNotOpen`, `OwnListing`,
    `CustomOfferInvalid`, `CustomOfferLimitReached`.
    """
    supplier = demand_supplier(uow, principal.organisation_id)
    listing = _own_listing(uow, parse_listing_code(listing_code), supplier.organisation_id)
    if buyer_id == listing.supplier_id:
        raise OwnListing(listing.listing_code)
    _demand_sound(listing, plan, _time_faults(valid_until, uow.now))
    _demand_known_buyer(uow, buyer_id)
    _demand_room(uow, listing, buyer_id)
    terms = plan_terms(plan)
    offer = CustomOffer(
        id=uow.ids.new("cof"),
        supplier_id=listing.supplier_id,
        buyer_id=buyer_id,
        listing_code=listing.listing_code,
        plan_id=uow.ids.new("pln"),
        terms=terms,
        plan_hash=plan_hash(terms),
        message=message,
        valid_until=valid_until,
        state=PROPOSED,
        proposed_at=uow.now,
        demand_id=demand_id,
    )
    uow.session.add(offer)
    uow.record(
        CustomOfferProposed(
            **_between(uow, offer),
            plan_id=PlanId(offer.plan_id),
            plan_hash=offer.plan_hash,
            valid_until=valid_until,
        )
    )
    return offer


def _demand_sound(listing: Listing, plan: Mapping[str, Any], time_faults: list[Fault]) -> None:
    content_faults = counting_faults(listing.version.content, [plan])
    faults = [*plan_faults(plan, "#/plan"), *content_faults, *time_faults]
    if faults:
        raise CustomOfferInvalid(faults)


def _own_listing(uow: UnitOfWork, listing_code: str, supplier_id: str) -> Listing:
    # Locked: the count of open offers below must not be made by two at once.
    listing = uow.session.get(Listing, listing_code, with_for_update=True)
    if listing is None or listing.supplier_id != supplier_id:
        raise ListingNotFound(listing_code)
    listing.demand_open()
    return listing


def _time_faults(valid_until: datetime, now: datetime) -> list[Fault]:
    if now < valid_until <= now + timedelta(days=VALID_DAYS_MAX):
        return []
    return [Fault("#/valid_until", f"In the future, within {VALID_DAYS_MAX} days.")]


def _demand_known_buyer(uow: UnitOfWork, buyer_id: str) -> None:
    # Who buys is nobody's to read; that this one may buy is all that the supplier learns.
    reach = uow.reach
    uow.enter(Reach.EXCHANGE)
    demand_buyer(uow, buyer_id)
    uow.enter(reach)


def _demand_room(uow: UnitOfWork, listing: Listing, buyer_id: str) -> None:
    open_count = uow.session.scalar(
        select(func.count())
        .select_from(CustomOffer)
        .where(
            CustomOffer.listing_code == listing.listing_code,
            CustomOffer.buyer_id == buyer_id,
            CustomOffer.state == PROPOSED,
            CustomOffer.valid_until > uow.now,
        )
    )
    if (open_count or 0) >= OPEN_MAX:
        raise CustomOfferLimitReached(OPEN_MAX)


def accept_custom_offer(
    uow: UnitOfWork,
    principal: Principal,
    policy: ExchangePolicy,
    *,
    custom_offer_id: str,
    scenario_id: str,
    accept_terms: bool,
) -> Order:
    """Order on the proposed plan, of the version that is on sale at that instant.

    Raises `CustomOfferNotFound`, `CustomOfferNotOpen`, `CustomOfferInvalid` where that version no
    longer says how to count what the plan is by, and as `place_order`.
    """
    if not accept_terms:
        raise TermsNotAccepted
    buyer = demand_buyer(uow, principal.organisation_id)
    offer = lock_received(uow.session, custom_offer_id, buyer_id=buyer.organisation_id)
    offer.demand_open(uow.now)
    listing = listing_on_sale(uow, offer.listing_code, buyer)
    faults = counting_faults(listing.version.content, [offer.terms])
    if faults:
        raise CustomOfferInvalid(faults)
    plan = ChosenPlan(offer.plan_id, offer.plan_hash, offer.terms, offer.id)
    deal = make_deal(uow, policy, buyer=buyer, listing=listing, plan=plan, scenario_id=scenario_id)
    order = close_deal(uow, deal)
    offer.accept(order.id, at=uow.now)
    uow.record(CustomOfferAccepted(**_between(uow, offer), order_id=OrderId(order.id)))
    return order


def decline_custom_offer(
    uow: UnitOfWork, principal: Principal, *, custom_offer_id: str, reason: str | None = None
) -> CustomOffer:
    """The buyer does not want it; raises `CustomOfferNotFound`, `CustomOfferNotOpen`."""
    offer = lock_received(uow.session, custom_offer_id, buyer_id=principal.organisation_id)
    offer.decline(reason, at=uow.now)
    uow.record(CustomOfferDeclined(**_between(uow, offer)))
    return offer


def withdraw_custom_offer(
    uow: UnitOfWork, principal: Principal, *, custom_offer_id: str
) -> CustomOffer:
    """The supplier takes it back; raises `CustomOfferNotFound`, `CustomOfferNotOpen`."""
    offer = lock_sent(uow.session, custom_offer_id, supplier_id=principal.organisation_id)
    offer.withdraw(at=uow.now)
    uow.record(CustomOfferWithdrawn(**_between(uow, offer)))
    return offer


def _between(uow: UnitOfWork, offer: CustomOffer) -> dict[str, Any]:
    return {
        "occurred_at": uow.now,
        "custom_offer_id": CustomOfferId(offer.id),
        "supplier_id": OrganisationId(offer.supplier_id),
        "buyer_id": OrganisationId(offer.buyer_id),
        "listing_code": offer.listing_code,
    }
