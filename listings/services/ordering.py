"""Takes orders of listed plans: no scenario, no trade."""

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from listings.catalogue.listing_codes import parse_listing_code
from listings.models import Listing, Order
from listings.offers.errors import OrderNotFound, PlanNotFound, TermsNotAccepted
from listings.ports import ExchangePolicy
from listings.services.deals import ChosenPlan, close_deal, listing_on_sale, make_deal
from listings.services.parties import demand_buyer


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
    listing = listing_on_sale(uow, parse_listing_code(listing_code), buyer)
    plan = _plan_of(listing, plan_id)
    deal = make_deal(uow, policy, buyer=buyer, listing=listing, plan=plan, scenario_id=scenario_id)
    return close_deal(uow, deal)


def _plan_of(listing: Listing, plan_id: str) -> ChosenPlan:
    for plan in listing.version.plans:
        if plan.id == plan_id:
            return ChosenPlan(plan.id, plan.plan_hash, plan.terms)
    raise PlanNotFound(plan_id)


def activate_order(uow: UnitOfWork, *, order_id: str, licence_id: str) -> Order:
    """The licence of the order was issued; once. Raises `OrderNotFound`."""
    order = uow.session.get(Order, order_id, with_for_update=True)
    if order is None:
        raise OrderNotFound(order_id)
    order.activate(licence_id, at=uow.now)
    return order
