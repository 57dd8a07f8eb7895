"""Orders: no scenario, no trade."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.canonical import digest_hex
from app.core.reach import Reach
from listings import services
from listings.catalogue.listing_codes import make_listing_code
from listings.errors import (
    DossierChanged,
    ListingCodeInvalid,
    ListingNotFound,
    ListingNotOpen,
    PartyNotVerified,
)
from listings.events import OrderPlaced
from listings.models import Agreement, ApprovedScenario, Order
from listings.offers.errors import (
    AgreementNotFound,
    OrderNotFound,
    OwnListing,
    PlanNotFound,
    ScenarioNotApproved,
    TermsNotAccepted,
)
from listings.queries import orders
from listings.queries.orders import OrderFilter
from tests.factories.listings import BUYER, BUYER_ID, SUPPLIER, SUPPLIER_ID

DAY = timedelta(days=1).total_seconds()


@pytest.fixture
def listing(market):
    listing = market.listed()
    market.scenario(listing.listing_code)
    return listing


def test_an_order_by_the_call_costs_nothing_yet_and_runs_with_its_scenario(market, listing, clock):
    order = market.order(listing)
    assert (order.state, order.licence_id, order.due_amount) == ("PLACED", None, 0)
    assert order.warnings == ()
    assert order.ends_at == clock.now() + timedelta(days=90)


def test_a_package_is_due_at_once_and_runs_for_its_days(market, listing, clock):
    order = market.order(listing, plan=1)
    assert (order.due_amount, order.currency) == (300 * 10**8, "CNY")
    assert order.ends_at == clock.now() + timedelta(days=365)
    (warning,) = order.warnings
    assert warning.code == "ends-with-scenario"
    assert (warning.paid_until, warning.usable_until) == (
        order.ends_at,
        clock.now() + timedelta(days=90),
    )


def test_the_event_tells_everything_that_the_other_rooms_need(market, listing):
    order = market.order(listing, plan=1)
    (event,) = market.events(OrderPlaced)
    assert event.order_id == order.id
    assert event.agreement_hash == digest_hex(order.agreement.terms)
    assert event.dossier_hash == listing.dossier_hash
    assert event.plan_hash == digest_hex(event.plan_terms)
    assert event.split == {"supplier": 8400, "commission": 1000, "tax": 600}
    assert event.product_terms["fields"] == ["code", "name", "population"]
    assert event.product_terms["calls_per_second"] == 50
    assert (event.buyer_id, event.supplier_id) == (BUYER_ID, SUPPLIER_ID)


def test_the_agreement_names_parties_plan_scenario_and_split(market, listing):
    terms = market.order(listing).agreement.terms
    assert terms["buyer"]["name"] == "Buyer Ltd"
    assert terms["supplier"]["name"] == "Supplier Ltd"
    assert terms["scenario_id"] == "scn_1"
    assert terms["plan"]["unit_price"] == "0.40000000"
    assert sum(terms["split"].values()) == 10_000


def test_the_order_is_active_once_its_licence_is_issued(market, listing, clock):
    order = market.order(listing)
    for _ in range(2):
        with market.as_exchange() as uow:
            active = services.activate_order(uow, order_id=order.id, licence_id="lic_1")
    assert (active.state, active.licence_id) == ("ACTIVE", "lic_1")
    assert active.activated_at == clock.now()


def test_an_unknown_order_is_not_activated(market):
    with market.as_exchange() as uow, pytest.raises(OrderNotFound):
        services.activate_order(uow, order_id="ord_none", licence_id="lic_1")


def test_no_order_without_a_scenario(market):
    with pytest.raises(ScenarioNotApproved):
        market.order(market.listed())


def test_no_order_on_another_buyer_s_scenario(market):
    listing = market.listed()
    market.scenario(listing.listing_code, buyer_id="org_other")
    with pytest.raises(ScenarioNotApproved):
        market.order(listing)


def test_no_order_on_a_scenario_for_another_listing(market, listing):
    other = market.listed(name="另一个产品")
    with pytest.raises(ScenarioNotApproved):
        market.order(other)


def test_no_order_before_or_after_the_scenario_s_time(market, listing, clock):
    clock.advance(seconds=-1)
    with pytest.raises(ScenarioNotApproved):
        market.order(listing)
    clock.advance(seconds=90 * DAY + 1)
    with pytest.raises(ScenarioNotApproved):
        market.order(listing)


def test_no_order_on_a_scenario_that_ended(market, listing):
    for _ in range(2):
        with market.as_exchange() as uow:
            services.note_scenario_ended(uow, scenario_id="scn_1")
    with pytest.raises(ScenarioNotApproved):
        market.order(listing)
    with market.as_exchange() as uow:
        services.note_scenario_ended(uow, scenario_id="scn_unknown")


def test_a_scenario_is_noted_once(market, listing):
    again = market.scenario(listing.listing_code, days=900)
    assert again.valid_until == market.clock.now() + timedelta(days=90)


def test_terms_must_be_accepted(market, listing):
    with pytest.raises(TermsNotAccepted):
        market.order(listing, accept_terms=False)


def test_a_buyer_must_be_verified_and_a_buyer(market, listing, clock):
    with pytest.raises(PartyNotVerified):
        market.order(listing, principal=SUPPLIER)
    clock.advance(seconds=365 * DAY)
    with pytest.raises(PartyNotVerified):
        market.order(listing)


def test_a_supplier_whose_verification_lapsed_sells_nothing(market, listing, clock):
    market.verify(SUPPLIER_ID, "Supplier Ltd", is_supplier=True, days=10)
    clock.advance(seconds=11 * DAY)
    with pytest.raises(PartyNotVerified):
        market.order(listing)


def test_nobody_buys_from_itself(market, listing):
    market.verify(SUPPLIER_ID, "Supplier Ltd", is_supplier=True, is_buyer=True)
    with pytest.raises(OwnListing):
        market.order(listing, principal=SUPPLIER)


def test_a_listing_off_sale_is_not_ordered(market, listing):
    with market.as_exchange() as uow:
        services.suspend_listing(uow, listing_code=listing.listing_code)
    with pytest.raises(ListingNotFound):
        market.order(listing)
    command = {
        "listing_code": listing.listing_code,
        "plan_id": listing.version.offers[0].plans[0].id,
        "scenario_id": "scn_1",
        "accept_terms": True,
    }
    # Even where the row is visible, its state decides.
    with market.as_exchange() as uow, pytest.raises(ListingNotOpen):
        services.place_order(uow, BUYER, market.policy, **command)


def test_an_order_names_a_listing_and_a_plan_that_there_are(market, listing):
    with pytest.raises(ListingNotFound):
        market.order(listing, listing_code=make_listing_code("1000000009", "000000000"))
    with pytest.raises(ListingCodeInvalid):
        market.order(listing, listing_code="1000000001-0000000001")
    with pytest.raises(PlanNotFound):
        market.order(listing, plan_id="pln_none")


def test_a_plan_of_a_superseded_version_is_not_ordered(market):
    product = market.product()
    first = market.listed(product)
    market.scenario(first.listing_code)
    old_plan = first.version.offers[0].plans[0].id
    second = market.listed(product)
    with pytest.raises(PlanNotFound):
        market.order(second, plan_id=old_plan)


def test_running_agreements_keep_the_version_that_they_were_made_for(market):
    product = market.product()
    first = market.listed(product)
    market.scenario(first.listing_code)
    version_id = first.version_id
    order = market.order(first)
    market.listed(product, summary="新的摘要。")
    with market.acting(BUYER) as uow:
        kept = orders.get_agreement(uow.session, order.agreement_id, organisation_id=BUYER_ID)
        assert kept.terms["version_id"] == order.version_id == version_id


def test_a_new_version_with_other_plans_changes_nothing_for_a_running_order(market):
    product = market.product()
    first = market.listed(product)
    market.scenario(first.listing_code)
    order = market.order(first)
    (placed,) = market.events(OrderPlaced)
    dearer = [{"kind": "per_call", "unit": "call", "unit_price": "9.00"}]
    second = market.listed(product, offers=[{"name": "Dearer", "plans": dearer}])
    with market.acting(BUYER) as uow:
        kept = orders.get_agreement(uow.session, order.agreement_id, organisation_id=BUYER_ID)
        assert kept.terms["plan"] == placed.plan_terms
        assert kept.terms["plan"]["unit_price"] == "0.40000000"
        assert digest_hex(kept.terms) == placed.agreement_hash == kept.agreement_hash
    # Upgrading is another order, for another licence, beside the running one.
    upgraded = market.order(second)
    assert upgraded.id != order.id
    assert upgraded.agreement.terms["plan"]["unit_price"] == "9.00000000"
    with market.acting(BUYER) as uow:
        page = orders.list_orders(uow.session, organisation_id=BUYER_ID, cursor=None, limit=5)
        assert [item.id for item in page.items] == [upgraded.id, order.id]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE product_versions SET content = jsonb_set(content, '{retention}', '\"UNLIMITED\"')",
        (
            "UPDATE plans SET terms = jsonb_set(terms, '{free_units}', '1')"
            " WHERE terms ->> 'kind' = 'per_call'"
        ),
        "UPDATE listings SET dossier_hash = repeat('0', 64)",
    ],
)
def test_a_changed_byte_after_approval_stops_the_sale_at_once(market, listing, tampering):
    with market.as_exchange() as uow:
        assert uow.session.execute(text(tampering)).rowcount == 1
    with pytest.raises(DossierChanged):
        market.order(listing)


def _order_row(order, **changes):
    columns = {column.key: getattr(order, column.key) for column in Order.__table__.columns}
    return {**columns, "id": "ord_forged", "agreement_id": "agr_forged", **changes}


def _forge(market, order, **changes):
    """Write an order past the service, with the exchange's own reach."""
    with market.units.begin(Reach.EXCHANGE) as uow:
        agreement = {
            column.key: getattr(order.agreement, column.key)
            for column in Agreement.__table__.columns
        }
        uow.session.execute(insert(Agreement).values(**{**agreement, "id": "agr_forged"}))
        uow.session.execute(insert(Order).values(**_order_row(order, **changes)))
        uow.commit()


def test_a_whole_copy_of_an_order_passes_the_database_so_the_next_tests_mean_something(
    market, listing
):
    _forge(market, market.order(listing))


@pytest.mark.parametrize(
    "changes",
    [
        {"scenario_id": "scn_none"},
        {"buyer_id": "org_other"},
        {"scenario_id": "scn_elsewhere"},
        {"buyer_id": SUPPLIER_ID},
        {"due_amount": -1},
    ],
)
def test_the_database_itself_refuses_an_order_without_its_scenario(market, listing, changes):
    other = market.listed(name="另一个产品")
    market.scenario(other.listing_code, "scn_elsewhere")
    order = market.order(listing)
    with pytest.raises(IntegrityError):
        _forge(market, order, **changes)


def test_the_database_itself_refuses_an_order_on_an_ended_scenario(market, listing, clock):
    order = market.order(listing)
    clock.advance(seconds=5)
    with market.as_exchange() as uow:
        services.note_scenario_ended(uow, scenario_id="scn_1")
    with pytest.raises(IntegrityError, match="scenario"):
        _forge(market, order)


def test_the_database_itself_refuses_an_order_after_the_scenario(market, listing):
    order = market.order(listing)
    late = order.placed_at + timedelta(days=91)
    with pytest.raises(IntegrityError, match="scenario"):
        _forge(market, order, placed_at=late)


@pytest.mark.parametrize(
    "statement",
    [
        update(Agreement).values(agreement_hash="0" * 64),
        text("DELETE FROM agreements"),
        update(Order).values(due_amount=1),
        update(Order).values(scenario_id="scn_2"),
        text("DELETE FROM orders"),
    ],
)
def test_what_was_agreed_never_changes(market, listing, statement):
    market.order(listing)
    with market.as_exchange() as uow:
        with pytest.raises(DBAPIError, match=r"never changes|only activated"):
            uow.session.execute(statement)
        uow.session.rollback()


def test_an_active_order_does_not_change_its_licence(market, listing):
    order = market.order(listing)
    with market.as_exchange() as uow:
        services.activate_order(uow, order_id=order.id, licence_id="lic_1")
    with pytest.raises(DBAPIError, match="activated"), market.as_exchange() as uow:
        services.activate_order(uow, order_id=order.id, licence_id="lic_2")


def test_orders_are_narrowed_by_side_counterparty_listing_state_and_time(market, listing):
    order = market.order(listing)
    soon = order.placed_at + timedelta(seconds=1)

    def finds(principal=BUYER, **wanted):
        own = principal.organisation_id
        with market.acting(principal) as uow:
            page = orders.list_orders(
                uow.session, organisation_id=own, wanted=OrderFilter(**wanted), cursor=None, limit=5
            )
            return [item.id for item in page.items] == [order.id]

    assert finds(side="buyer")
    assert finds(SUPPLIER, side="supplier")
    assert not finds(side="supplier")
    for name in ("state", "listing_code", "buyer_id", "supplier_id", "scenario_id"):
        assert finds(**{name: getattr(order, name)}), name
        assert not finds(**{name: "another"}), name
    assert finds(from_at=order.placed_at, until_at=soon)
    assert not finds(from_at=soon)
    assert not finds(until_at=order.placed_at)


def test_both_parties_see_the_order_and_nobody_else(market, listing):
    order = market.order(listing)
    for principal in (BUYER, SUPPLIER):
        with market.acting(principal) as uow:
            page = orders.list_orders(
                uow.session, organisation_id=principal.organisation_id, cursor=None, limit=5
            )
            assert [item.id for item in page.items] == [order.id]
    with market.units.begin(Reach.organisation("org_other")) as uow:
        assert uow.session.scalars(select(Order)).all() == []
        assert uow.session.scalars(select(Agreement)).all() == []
        assert uow.session.scalars(select(ApprovedScenario)).all() == []
        with pytest.raises(OrderNotFound):
            orders.get_order(uow.session, order.id, organisation_id="org_other")
    with market.as_exchange() as uow:
        with pytest.raises(OrderNotFound):
            orders.get_order(uow.session, order.id, organisation_id="org_other")
        with pytest.raises(AgreementNotFound):
            orders.get_agreement(uow.session, order.agreement_id, organisation_id="org_other")
        kept = orders.get_order(uow.session, order.id, organisation_id=BUYER_ID)
        assert kept.agreement_id == order.agreement_id
