"""Custom offers over HTTP: two parties, one decision, and nothing for anybody else."""

from datetime import timedelta

import pytest

from app.core.ids import IdSource
from app.core.unit_of_work import UnitOfWorkFactory
from listings import services
from listings.events import OrderPlaced
from tests.factories.listings import BUYER_ID, SCENARIO_ID, SUPPLIER_ID, Market
from tests.unit.listings.listings_app import Caller, listings_app

LICENCE_ID = "lic_" + "4" * 26
TIERS = [{"up_to": 1000, "unit_price": "0.30"}, {"up_to": None, "unit_price": "0.12"}]
PLAN = {"kind": "graduated", "unit": "call", "tiers": TIERS, "period": "month"}


@pytest.fixture
def market(units, clock):
    return Market(units, clock)


@pytest.fixture
def listing(market):
    listing = market.listed()
    market.scenario(listing.listing_code, SCENARIO_ID)
    return listing


@pytest.fixture
def app(engine, clock, listing):
    def activate(uow, event):
        services.activate_order(uow, order_id=event.order_id, licence_id=LICENCE_ID)

    composed = UnitOfWorkFactory(engine, clock, IdSource(clock), {OrderPlaced: (activate,)})
    return listings_app(composed, clock)


@pytest.fixture
def call(app):
    return Caller(app)


@pytest.fixture
def proposal(listing, clock):
    return {
        "listing_code": listing.listing_code,
        "buyer_id": BUYER_ID,
        "plan": PLAN,
        "valid_until": (clock.now() + timedelta(days=14)).isoformat(),
        "message": "As discussed on the phone.",
    }


def slug(problem):
    return problem["type"].partition("#")[2]


ACCEPTANCE = {"scenario_id": SCENARIO_ID, "accept_terms": True}


def test_a_proposal_becomes_an_order_with_its_plan(call, proposal, listing):
    offer = call("supplier", "POST", "/v1/custom-offers", proposal, expect=201)
    assert (offer["state"], offer["supplier_id"]) == ("PROPOSED", SUPPLIER_ID)
    assert offer["plan"]["price_model"] == {"code": "graduated", "label": "Graduated tiers"}
    assert offer["plan"]["price_label"] == (
        "by steps within a month: up to 1,000 0.30 CNY, beyond 0.12 CNY"
    )
    assert offer["plan"]["terms"]["tiers"][1] == {"up_to": None, "unit_price": "0.12000000"}
    path = f"/v1/custom-offers/{offer['id']}"
    shown = call("buyer", "GET", path, **{"Accept-Language": "zh"})
    assert (
        shown["plan"]["price_label"] == "按月阶梯计价（各档分别计）：至 1,000 0.30 元，以上 0.12 元"
    )
    order = call("buyer", "POST", f"{path}/acceptance", ACCEPTANCE, expect=201)
    assert (order["state"], order["custom_offer_id"]) == ("ACTIVE", offer["id"])
    assert order["due"] == {"amount": "0.00000000", "currency": "CNY"}
    agreement = call("buyer", "GET", f"/v1/agreements/{order['agreement_id']}")
    assert agreement["terms"]["plan"] == offer["plan"]["terms"]
    accepted = call("supplier", "GET", path)
    assert (accepted["state"], accepted["order_id"]) == ("ACCEPTED", order["id"])
    again = call("buyer", "POST", f"{path}/acceptance", ACCEPTANCE, expect=409)
    assert (slug(again), again["state"]) == ("custom-offer-not-open", "ACCEPTED")


def test_its_price_stands_nowhere_that_others_read(call, proposal, listing):
    offer = call("supplier", "POST", "/v1/custom-offers", proposal, expect=201)
    page = call(None, "GET", f"/v1/listings/{listing.listing_code}")
    found = call(None, "GET", "/v1/listings?price_model=graduated")
    assert found["items"] == []
    assert offer["plan"]["plan_hash"] not in str(page)
    assert [plan["terms"]["kind"] for plan in page["plans"]] == ["per_call", "package"]


def test_a_stranger_finds_nothing_and_decides_nothing(call, proposal):
    offer = call("supplier", "POST", "/v1/custom-offers", proposal, expect=201)
    path = f"/v1/custom-offers/{offer['id']}"
    missing = f"/v1/custom-offers/cof_{'0' * 26}"
    for who, method, end, body in [
        ("stranger", "GET", "", None),
        ("stranger", "POST", "/refusal", {}),
        ("stranger", "POST", "/withdrawal", None),
        ("buyer", "GET", "", None),
    ]:
        address = missing if who == "buyer" else path
        assert slug(call(who, method, address + end, body, expect=404)) == "custom-offer-not-found"
    # Not verified as a buyer, and asked for before anything is looked up.
    call("stranger", "POST", f"{path}/acceptance", ACCEPTANCE, expect=403)
    assert call("stranger", "GET", "/v1/custom-offers")["items"] == []
    # The wrong side of it.
    call("supplier", "POST", f"{path}/acceptance", ACCEPTANCE, expect=403)
    call("supplier", "POST", f"{path}/refusal", {}, expect=403)
    call("buyer", "POST", f"{path}/withdrawal", expect=403)
    call("buyer", "POST", "/v1/custom-offers", proposal, expect=403)
    call(None, "GET", "/v1/custom-offers", expect=401)


def test_a_buyer_declines_and_a_supplier_withdraws(call, proposal):
    first, second = (
        call("supplier", "POST", "/v1/custom-offers", proposal, expect=201) for _ in range(2)
    )
    path = f"/v1/custom-offers/{first['id']}/refusal"
    declined = call("buyer", "POST", path, {"reason": "Too dear."}, expect=201)
    assert (declined["state"], declined["decline_reason"]) == ("DECLINED", "Too dear.")
    withdrawal = f"/v1/custom-offers/{second['id']}/withdrawal"
    assert call("supplier", "POST", withdrawal, expect=201)["state"] == "WITHDRAWN"
    call("supplier", "POST", withdrawal, expect=409)
    call("buyer", "POST", path, {}, expect=409)


def test_offers_are_paged_and_filtered_and_expire_without_anybody(call, proposal, clock):
    made = [
        call("supplier", "POST", "/v1/custom-offers", proposal, expect=201)["id"] for _ in range(3)
    ]
    first = call("buyer", "GET", "/v1/custom-offers?limit=2")
    assert [offer["id"] for offer in first["items"]] == made[:0:-1]
    rest = call("buyer", "GET", f"/v1/custom-offers?limit=2&cursor={first['next_cursor']}")
    assert [offer["id"] for offer in rest["items"]] == made[:1]
    assert rest["next_cursor"] is None
    clock.advance(seconds=14 * 86_400)
    assert call("buyer", "GET", "/v1/custom-offers?state=PROPOSED")["items"] == []
    expired = call("supplier", "GET", "/v1/custom-offers?state=EXPIRED&side=supplier")["items"]
    assert {offer["state"] for offer in expired} == {"EXPIRED"}
    assert len(expired) == 3
    path = f"/v1/custom-offers/{made[0]}/acceptance"
    problem = call("buyer", "POST", path, ACCEPTANCE, expect=409)
    assert problem["state"] == "EXPIRED"


def test_the_same_key_proposes_and_accepts_once(app, call, proposal):
    client = app.test_client()
    headers = {"Authorization": "supplier", "Idempotency-Key": "one-proposal"}
    made = [client.post("/v1/custom-offers", json=proposal, headers=headers) for _ in range(2)]
    assert made[0].json == made[1].json
    headers = {"Authorization": "buyer", "Idempotency-Key": "one-acceptance"}
    path = f"/v1/custom-offers/{made[0].json['id']}/acceptance"
    orders = [client.post(path, json=ACCEPTANCE, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in orders] == [201, 201]
    assert orders[0].json == orders[1].json
    assert len(call("buyer", "GET", "/v1/orders")["items"]) == 1


def test_a_proposal_that_is_not_whole_is_refused(call, proposal, subtests):
    for change, status in (
        ({"plan": None}, 422),
        ({"plan": {"kind": "negotiated"}}, 422),
        ({"plan": {**PLAN, "tiers": []}}, 422),
        ({"plan": {**PLAN, "tiers": [{"up_to": None, "unit_price": 0.1}]}}, 422),
        ({"plan": {**PLAN, "tiers": [{"unit_price": "0.1"}]}}, 422),
        ({"plan": {**PLAN, "tiers": TIERS[:1]}}, 422),
        ({"plan": {**PLAN, "tiers": [TIERS[1]] * 21}}, 422),
        ({"plan": {**PLAN, "unit": "row"}}, 422),
        ({"plan": {**PLAN, "terms": {}}}, 422),
        ({"buyer_id": "org_x"}, 422),
        ({"buyer_id": "org_" + "8" * 26}, 403),
        ({"buyer_id": SUPPLIER_ID}, 409),
        ({"listing_code": "1000000001-0000000001"}, 404),
        ({"valid_until": "2026-11-20"}, 422),
        ({"valid_until": "2026-11-20T08:00:00"}, 422),
        ({"valid_until": "2020-01-01T00:00:00Z"}, 422),
        ({"valid_until": "9999-12-31T23:59:59Z"}, 422),
        ({"message": "x" * 1001}, 422),
        ({"message": {"a": 1}}, 422),
        ({"message": " "}, 422),
        ({"supplier_id": BUYER_ID}, 422),
        ({"state": "ACCEPTED"}, 422),
    ):
        with subtests.test(**change):
            call("supplier", "POST", "/v1/custom-offers", {**proposal, **change}, expect=status)
    assert call("supplier", "GET", "/v1/custom-offers")["items"] == []


def test_a_commitment_that_the_books_could_not_add_up_is_refused_at_its_amount(call, proposal):
    def propose(amount, expect):
        plan = {**PLAN, "minimum": {"amount": amount, "period": "month"}}
        return call(
            "supplier", "POST", "/v1/custom-offers", {**proposal, "plan": plan}, expect=expect
        )

    propose("100000000.00", 201)
    refused = propose("90000000000.00", 422)
    assert refused["errors"] == [
        {"pointer": "#/plan/minimum/amount", "detail": "At most 100000000.00000000."}
    ]


@pytest.mark.parametrize("query", ["side=both", "state=OPEN", "limit=0", "cursor=%20", "price=1"])
def test_a_bad_query_is_refused(call, query):
    call("buyer", "GET", f"/v1/custom-offers?{query}", expect=422)
