"""Orders and agreements over HTTP."""

from urllib.parse import urlencode

import pytest

from app.core.ids import IdSource
from app.core.unit_of_work import UnitOfWorkFactory
from listings import services
from listings.events import OrderPlaced
from tests.factories.listings import BUYER_ID, SCENARIO_ID, Market
from tests.unit.listings.listings_app import Caller, listings_app

LICENCE_ID = "lic_" + "4" * 26


@pytest.fixture
def market(units, clock):
    return Market(units, clock)


@pytest.fixture
def listing(market):
    listing = market.listed()
    market.scenario(listing.listing_code, SCENARIO_ID)
    return listing


@pytest.fixture
def app(engine, clock, ids, listing):
    """As composed: compliance answers an order with its licence in the same transaction."""

    def activate(uow, event):
        services.activate_order(uow, order_id=event.order_id, licence_id=LICENCE_ID)

    composed = UnitOfWorkFactory(engine, clock, IdSource(clock), {OrderPlaced: (activate,)})
    return listings_app(composed, clock)


@pytest.fixture
def call(app):
    return Caller(app)


@pytest.fixture
def command(listing):
    return {
        "listing_code": listing.listing_code,
        "plan_id": listing.version.offers[0].plans[1].id,
        "scenario_id": SCENARIO_ID,
        "accept_terms": True,
    }


def test_an_order_is_answered_with_agreement_and_licence(call, command):
    order = call("buyer", "POST", "/v1/orders", command, expect=201)
    assert (order["state"], order["licence_id"]) == ("ACTIVE", LICENCE_ID)
    assert order["due"] == {"amount": "300.00000000", "currency": "CNY"}
    assert order["starts_at"] == "2026-11-20T08:00:00.000000Z"
    agreement = call("buyer", "GET", f"/v1/agreements/{order['agreement_id']}")
    assert agreement["agreement_hash"] == order["agreement_hash"]
    assert agreement["terms"]["buyer"]["organisation_id"] == BUYER_ID


def test_the_same_key_orders_once(app, command, call):
    client = app.test_client()
    headers = {"Authorization": "buyer", "Idempotency-Key": "one order"}
    assert client.post("/v1/orders", json=command, headers=headers).status_code == 400
    headers["Idempotency-Key"] = "one-order"
    first = client.post("/v1/orders", json=command, headers=headers)
    again = client.post("/v1/orders", json=command, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    assert len(call("buyer", "GET", "/v1/orders")["items"]) == 1


def test_both_parties_see_it_and_a_stranger_does_not(call, command):
    order = call("buyer", "POST", "/v1/orders", command, expect=201)
    for who in ("buyer", "supplier"):
        assert call(who, "GET", f"/v1/orders/{order['id']}") == order
        assert call(who, "GET", "/v1/orders")["items"] == [order]
        call(who, "GET", f"/v1/agreements/{order['agreement_id']}")
    assert call("stranger", "GET", "/v1/orders")["items"] == []
    problem = call("stranger", "GET", f"/v1/orders/{order['id']}", expect=404)
    assert problem["type"] == "/problems#order-not-found"
    call("stranger", "GET", f"/v1/agreements/{order['agreement_id']}", expect=404)


def test_agreements_are_listed_to_their_parties_alone_and_found_as_orders_are(call, command):
    order = call("buyer", "POST", "/v1/orders", command, expect=201)
    whole = call("buyer", "GET", f"/v1/agreements/{order['agreement_id']}")
    listed = {name: value for name, value in whole.items() if name != "terms"}
    at = order["placed_at"]
    fits = [
        {"listing_code": order["listing_code"]},
        {"buyer_id": order["buyer_id"]},
        {"supplier_id": order["supplier_id"]},
        {"from": at},
    ]
    misfits = [
        {"listing_code": "AIR-0"},
        {"buyer_id": order["supplier_id"]},
        {"supplier_id": order["buyer_id"]},
        {"until": at},
    ]
    sides = {"buyer": "supplier", "supplier": "buyer"}

    def found(who, wanted):
        return call(who, "GET", f"/v1/agreements?{urlencode(wanted)}")["items"]

    for who, other in sides.items():
        assert all(found(who, wanted) == [listed] for wanted in (*fits, {"side": who}))
        assert not any(found(who, wanted) for wanted in (*misfits, {"side": other}))
    assert not any(found("stranger", wanted) for wanted in ({}, *fits))


def test_an_order_without_an_approved_scenario_is_refused(call, command):
    problem = call(
        "buyer", "POST", "/v1/orders", {**command, "scenario_id": "scn_" + "5" * 26}, expect=403
    )
    assert problem["type"] == "/problems#scenario-not-approved"
    assert call("buyer", "GET", "/v1/orders")["items"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"accept_terms": False}, 422),
        ({"accept_terms": "yes"}, 422),
        ({"plan_id": "pln_x"}, 422),
        ({"plan_id": "pln_" + "6" * 26}, 404),
        ({"scenario_id": None}, 422),
        ({"listing_code": "1000000001-0000000001"}, 404),
        ({"listing_code": "x" * 31}, 422),
        ({"price": "0.01"}, 422),
    ],
)
def test_an_order_that_is_not_whole_is_refused(call, command, change, status):
    call("buyer", "POST", "/v1/orders", {**command, **change}, expect=status)


def test_a_supplier_without_the_buyer_s_role_orders_nothing(call, command):
    call("supplier", "POST", "/v1/orders", command, expect=403)
    call("stranger", "POST", "/v1/orders", command, expect=403)
