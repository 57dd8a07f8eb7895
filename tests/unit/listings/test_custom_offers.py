"""Plans between two parties: proposed to one buyer, decided once, seen by nobody else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.canonical import digest_hex
from app.core.principals import Principal, Role
from app.core.reach import Reach
from listings import services
from listings.errors import DossierChanged, ListingNotFound, ListingNotOpen, PartyNotVerified
from listings.events import (
    CustomOfferAccepted,
    CustomOfferDeclined,
    CustomOfferProposed,
    CustomOfferWithdrawn,
    OrderPlaced,
    PlanPublished,
)
from listings.models import Agreement, CustomOffer, DataProduct, Order
from listings.offers.custom_offer_states import LIFE_CYCLE, STATES
from listings.offers.errors import (
    CustomOfferInvalid,
    CustomOfferLimitReached,
    CustomOfferNotFound,
    CustomOfferNotOpen,
    OwnListing,
    PlanNotFound,
    ScenarioNotApproved,
    TermsNotAccepted,
)
from listings.queries.custom_offers import get_custom_offer, list_custom_offers
from listings.services.custom_offers import OPEN_MAX
from tests.factories.listings import BUYER, BUYER_ID, PLAN, SUPPLIER, SUPPLIER_ID

DAY = 86_400
OTHER_ID = "org_" + "7" * 26
OTHER = Principal("psn_other", OTHER_ID, frozenset({Role.BUYER, Role.SUPPLIER}))


@pytest.fixture
def listing(market):
    listing = market.listed()
    market.scenario(listing.listing_code)
    market.verify(OTHER_ID, "Other Ltd", is_supplier=True, is_buyer=True)
    return listing


@pytest.fixture
def propose(market, listing):
    def proposing(principal=SUPPLIER, **changes):
        command = {
            "listing_code": listing.listing_code,
            "buyer_id": BUYER_ID,
            "plan": PLAN,
            "valid_until": market.clock.now() + timedelta(days=30),
            "message": "As discussed.",
            **changes,
        }
        with market.acting(principal) as uow:
            return services.propose_custom_offer(uow, principal, **command)

    return proposing


@pytest.fixture
def accept(market):
    def accepting(offer, principal=BUYER, **changes):
        command = {
            "custom_offer_id": offer.id,
            "scenario_id": "scn_1",
            "accept_terms": True,
            **changes,
        }
        with market.acting(principal) as uow:
            return services.accept_custom_offer(uow, principal, market.policy, **command)

    return accepting


def test_every_stored_state_is_in_the_life_cycle():
    assert LIFE_CYCLE.states() | {"EXPIRED"} == set(STATES)


def test_a_proposal_has_its_own_hashed_plan_and_publishes_nothing(market, propose):
    published = len(market.events(PlanPublished))
    offer = propose(message="As discussed.")
    assert offer.state == "PROPOSED"
    assert offer.terms["unit_price"] == "0.12000000"
    assert offer.plan_hash == digest_hex(offer.terms)
    (event,) = market.events(CustomOfferProposed)
    assert (event.plan_hash, event.buyer_id) == (offer.plan_hash, BUYER_ID)
    assert "terms" not in vars(event)
    assert len(market.events(PlanPublished)) == published


def test_an_acceptance_is_an_order_on_that_plan(market, listing, propose, accept):
    offer = propose()
    order = accept(offer)
    assert (order.plan_id, order.custom_offer_id) == (offer.plan_id, offer.id)
    terms = order.agreement.terms
    assert (terms["plan"], terms["custom_offer_id"]) == (offer.terms, offer.id)
    (placed,) = market.events(OrderPlaced)
    assert placed.plan_terms == offer.terms
    assert (placed.plan_hash, placed.custom_offer_id) == (offer.plan_hash, offer.id)
    assert placed.dossier_hash == listing.dossier_hash
    (accepted,) = market.events(CustomOfferAccepted)
    assert accepted.order_id == order.id
    with market.acting() as uow:
        kept = get_custom_offer(uow.session, offer.id, organisation_id=SUPPLIER_ID)
        assert (kept.state, kept.order_id) == ("ACCEPTED", order.id)
    with market.as_exchange() as uow:
        active = services.activate_order(uow, order_id=order.id, licence_id="lic_1")
    assert active.state == "ACTIVE"


def test_an_order_of_a_listed_plan_names_no_custom_offer(market, listing):
    order = market.order(listing)
    assert order.custom_offer_id is None
    assert "custom_offer_id" not in order.agreement.terms


def test_the_plan_of_an_offer_is_not_ordered_past_it(market, listing, propose):
    offer = propose()
    with pytest.raises(PlanNotFound):
        market.order(listing, plan_id=offer.plan_id)


def test_a_package_of_an_offer_is_due_at_its_order(propose, accept):
    plan = {
        **{name: value for name, value in PLAN.items() if name != "unit_price"},
        "kind": "yearly",
        "package_price": 5_000 * 10**8,
    }
    order = accept(propose(plan=plan))
    assert order.due_amount == 5_000 * 10**8
    assert order.ends_at - order.starts_at == timedelta(days=365)


def test_an_offer_is_decided_once(market, propose, accept):
    offer = propose()
    accept(offer)
    with pytest.raises(CustomOfferNotOpen) as refusal:
        accept(offer)
    assert refusal.value.facts["state"] == "ACCEPTED"
    for decide, principal in (
        (services.decline_custom_offer, BUYER),
        (services.withdraw_custom_offer, SUPPLIER),
    ):
        with pytest.raises(CustomOfferNotOpen), market.acting(principal) as uow:
            decide(uow, principal, custom_offer_id=offer.id)


def test_a_buyer_declines_with_a_reason(market, propose, accept):
    offer = propose()
    with market.acting(BUYER) as uow:
        declined = services.decline_custom_offer(
            uow, BUYER, custom_offer_id=offer.id, reason="Too dear."
        )
    assert (declined.state, declined.decline_reason) == ("DECLINED", "Too dear.")
    assert declined.decided_at == market.clock.now()
    assert len(market.events(CustomOfferDeclined)) == 1
    with pytest.raises(CustomOfferNotOpen):
        accept(offer)


def test_a_supplier_withdraws(market, propose, accept):
    offer = propose()
    with market.acting() as uow:
        services.withdraw_custom_offer(uow, SUPPLIER, custom_offer_id=offer.id)
    assert len(market.events(CustomOfferWithdrawn)) == 1
    with pytest.raises(CustomOfferNotOpen, match="withdrawn"):
        accept(offer)


def test_an_offer_expires_by_itself_to_the_microsecond(market, propose, accept, clock):
    offer = propose(valid_until=clock.now() + timedelta(seconds=10))
    clock.advance(seconds=9.999999)
    with market.acting(BUYER) as uow:
        assert (
            get_custom_offer(uow.session, offer.id, organisation_id=BUYER_ID).state_at(uow.now)
            == "PROPOSED"
        )
    clock.advance(seconds=0.000001)
    assert offer.state_at(clock.now()) == "EXPIRED"
    with pytest.raises(CustomOfferNotOpen, match="expired"):
        accept(offer)
    with pytest.raises(CustomOfferNotOpen), market.acting() as uow:
        services.withdraw_custom_offer(uow, SUPPLIER, custom_offer_id=offer.id)


def test_only_the_named_buyer_decides_and_only_the_supplier_withdraws(
    market, listing, propose, accept
):
    offer = propose()
    market.scenario(listing.listing_code, "scn_other", buyer_id=OTHER_ID)
    with pytest.raises(CustomOfferNotFound):
        accept(offer, OTHER, scenario_id="scn_other")
    for decide, principal in (
        (services.decline_custom_offer, OTHER),
        (services.decline_custom_offer, SUPPLIER),
        (services.withdraw_custom_offer, OTHER),
        (services.withdraw_custom_offer, BUYER),
    ):
        with pytest.raises(CustomOfferNotFound), market.acting(principal) as uow:
            decide(uow, principal, custom_offer_id=offer.id)
    # Even where row-level security would show it.
    for decide, principal in (
        (services.decline_custom_offer, OTHER),
        (services.withdraw_custom_offer, OTHER),
    ):
        with pytest.raises(CustomOfferNotFound), market.as_exchange() as uow:
            decide(uow, principal, custom_offer_id=offer.id)


def test_nobody_else_sees_it_with_or_without_a_filter(market, propose):
    offer = propose()
    with market.acting(OTHER) as uow:
        assert uow.session.scalars(select(CustomOffer)).all() == []
        with pytest.raises(CustomOfferNotFound):
            get_custom_offer(uow.session, offer.id, organisation_id=OTHER_ID)
    with market.units.begin(Reach.PUBLIC) as uow:
        assert uow.session.scalars(select(CustomOffer)).all() == []
    with market.as_exchange() as uow, pytest.raises(CustomOfferNotFound):
        get_custom_offer(uow.session, offer.id, organisation_id=OTHER_ID)
    for principal in (BUYER, SUPPLIER):
        with market.acting(principal) as uow:
            assert [each.id for each in uow.session.scalars(select(CustomOffer))] == [offer.id]


def test_offers_are_listed_by_side_state_and_listing(market, listing, propose, accept, clock):
    short = propose(valid_until=clock.now() + timedelta(days=1))
    bought = propose()
    accept(bought)
    clock.advance(seconds=2 * DAY)
    fresh = propose()

    def listed(principal, **chosen):
        with market.acting(principal) as uow:
            page = list_custom_offers(
                uow.session,
                organisation_id=principal.organisation_id,
                at=uow.now,
                cursor=None,
                limit=10,
                **chosen,
            )
            return [each.id for each in page.items]

    assert listed(BUYER) == listed(SUPPLIER) == [fresh.id, bought.id, short.id]
    assert listed(SUPPLIER, side="buyer") == []
    assert listed(BUYER, side="buyer", state="PROPOSED") == [fresh.id]
    assert listed(BUYER, state="EXPIRED") == [short.id]
    assert listed(BUYER, state="ACCEPTED") == [bought.id]
    assert listed(BUYER, listing_code="other") == []
    assert listed(OTHER) == []


def test_an_offer_is_for_one_s_own_listing_on_sale(market, listing, propose):
    with pytest.raises(ListingNotFound):
        propose(OTHER)
    with market.as_exchange() as uow:
        services.suspend_listing(uow, listing_code=listing.listing_code)
    with pytest.raises(ListingNotOpen):
        propose()


def test_an_offer_is_to_another_verified_buyer(propose):
    with pytest.raises(OwnListing):
        propose(buyer_id=SUPPLIER_ID)
    with pytest.raises(PartyNotVerified):
        propose(buyer_id="org_" + "0" * 26)


def test_the_reach_is_narrow_again_after_the_buyer_was_looked_up(market, listing):
    with market.units.begin(Reach.organisation(SUPPLIER_ID)) as uow:
        services.propose_custom_offer(
            uow,
            SUPPLIER,
            listing_code=listing.listing_code,
            buyer_id=BUYER_ID,
            plan=PLAN,
            valid_until=uow.now + timedelta(days=1),
            message="As discussed.",
        )
        shown = uow.session.scalars(
            text("SELECT organisation_id FROM listing_parties WHERE NOT is_supplier")
        )
        assert shown.all() == []


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"plan": {**PLAN, "unit_price": None}}, ["#/plan/unit_price"]),
        ({"valid_until": timedelta(0)}, ["#/valid_until"]),
        ({"valid_until": timedelta(days=367)}, ["#/valid_until"]),
        (
            {"plan": {**PLAN, "package_units": 1}, "valid_until": timedelta(days=-1)},
            ["#/plan/package_units", "#/valid_until"],
        ),
    ],
)
def test_an_offer_that_contradicts_itself_is_refused_with_every_fault(
    propose, clock, changes, pointers
):
    if "valid_until" in changes:
        changes = {**changes, "valid_until": clock.now() + changes["valid_until"]}
    with pytest.raises(CustomOfferInvalid) as refusal:
        propose(**changes)
    assert [error["pointer"] for error in refusal.value.facts["errors"]] == pointers


def test_a_buyer_weighs_so_many_offers_and_no_more(propose, clock):
    for _ in range(OPEN_MAX):
        propose(valid_until=clock.now() + timedelta(days=1))
    with pytest.raises(CustomOfferLimitReached):
        propose()
    propose(buyer_id=OTHER_ID)
    clock.advance(seconds=DAY)
    propose()


def test_an_acceptance_needs_all_that_an_order_needs(market, listing, propose, accept):
    offer = propose()
    with pytest.raises(TermsNotAccepted):
        accept(offer, accept_terms=False)
    with pytest.raises(ScenarioNotApproved):
        accept(offer, scenario_id="scn_none")
    with market.as_exchange() as uow:
        uow.session.execute(text("UPDATE listings SET dossier_hash = repeat('0', 64)"))
    with pytest.raises(DossierChanged):
        accept(offer)
    with market.as_exchange() as uow:
        services.suspend_listing(uow, listing_code=listing.listing_code)
    with pytest.raises(ListingNotFound):
        accept(offer)
    with market.acting(BUYER) as uow:
        kept = get_custom_offer(uow.session, offer.id, organisation_id=BUYER_ID)
        assert kept.state == "PROPOSED"


def test_an_acceptance_takes_the_version_that_is_on_sale_then(market, listing, propose, accept):
    offer = propose()
    product = listing.product_id
    with market.as_exchange() as uow:
        owned = uow.session.get(DataProduct, product)
    newer = market.listed(owned)
    order = accept(offer)
    assert order.version_id == newer.version_id
    assert order.agreement.terms["plan"] == offer.terms


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE custom_offers SET terms = jsonb_set(terms, '{unit_price}', '\"0.01\"')",
        "UPDATE custom_offers SET valid_until = valid_until + interval '1 day'",
        "UPDATE custom_offers SET buyer_id = 'org_other'",
        "DELETE FROM custom_offers",
    ],
)
def test_the_database_itself_keeps_a_proposal_as_it_was(market, propose, statement):
    propose()
    with market.units.begin(Reach.EXCHANGE) as uow:
        with pytest.raises(DBAPIError, match="only decided"):
            uow.session.execute(text(statement))
        uow.session.rollback()


def forge(market, order, **changes):
    """Write a second order past the service, with the exchange's own reach."""
    with market.units.begin(Reach.EXCHANGE) as uow:
        agreement = {
            column.key: getattr(order.agreement, column.key)
            for column in Agreement.__table__.columns
        }
        uow.session.execute(insert(Agreement).values(**{**agreement, "id": "agr_forged"}))
        row = {column.key: getattr(order, column.key) for column in Order.__table__.columns}
        row |= {"id": "ord_forged", "agreement_id": "agr_forged", **changes}
        uow.session.execute(insert(Order).values(**row))
        uow.commit()


def test_the_database_itself_takes_one_order_on_an_offer(market, propose, accept):
    first, second = propose(), propose()
    order = accept(first)
    with pytest.raises(IntegrityError):
        forge(market, order)
    with pytest.raises(IntegrityError, match="fk_orders_custom_offers"):
        forge(market, order, custom_offer_id=second.id)
    with pytest.raises(IntegrityError, match="fk_orders_listed_plan_id_plans"):
        forge(market, order, custom_offer_id=None)
    forge(market, order, custom_offer_id=second.id, plan_id=second.plan_id)


def test_the_database_itself_takes_no_order_of_another_buyer_on_an_offer(
    market, listing, propose, accept
):
    market.scenario(listing.listing_code, "scn_other", buyer_id=OTHER_ID)
    offer, order = propose(), accept(propose())
    with pytest.raises(IntegrityError, match="fk_orders_custom_offers"):
        forge(
            market,
            order,
            buyer_id=OTHER_ID,
            scenario_id="scn_other",
            custom_offer_id=offer.id,
            plan_id=offer.plan_id,
        )


def test_of_two_that_decide_at_once_one_is_too_late(market, propose, accept):
    offer = propose()
    start = threading.Barrier(3)

    def decide(how):
        start.wait(timeout=10)
        try:
            return how()
        except CustomOfferNotOpen as refusal:
            return refusal

    def withdraw():
        with market.acting() as uow:
            return services.withdraw_custom_offer(uow, SUPPLIER, custom_offer_id=offer.id)

    deciding = [lambda: accept(offer), lambda: accept(offer), withdraw]
    with ThreadPoolExecutor(3) as pool:
        ends = list(pool.map(decide, deciding))
    assert sum(isinstance(end, CustomOfferNotOpen) for end in ends) == 2
    with market.as_exchange() as uow:
        orders = uow.session.scalars(select(Order)).all()
        kept = uow.session.get(CustomOffer, offer.id)
    assert len(orders) == (kept.state == "ACCEPTED")
    assert kept.order_id == (orders[0].id if orders else None)


def test_an_offer_by_the_row_is_not_accepted_of_a_version_that_counts_none(market, accept):
    product = market.product()
    listing = market.listed(product, outcome_rule={"rows": "/cities"})
    market.scenario(listing.listing_code)
    by_the_row = {
        "listing_code": listing.listing_code,
        "buyer_id": BUYER_ID,
        "plan": {**PLAN, "unit": "row"},
        "valid_until": market.clock.now() + timedelta(days=30),
        "message": "By the row.",
    }
    with market.acting() as uow:
        offer = services.propose_custom_offer(uow, SUPPLIER, **by_the_row)
    market.listed(product, outcome_rule={})
    with pytest.raises(CustomOfferInvalid) as refusal:
        accept(offer)
    assert [each["pointer"] for each in refusal.value.facts["errors"]] == ["#/outcome_rule/rows"]
    market.listed(product, outcome_rule={"rows": "/towns"})
    assert accept(offer).custom_offer_id == offer.id
