"""Demands over HTTP: what a buyer looks for, answered by custom offers that nobody else sees."""

from datetime import timedelta

import pytest

from app.core.ids import IdSource
from app.core.unit_of_work import UnitOfWorkFactory
from listings import services
from listings.events import OrderPlaced
from tests.factories.listings import BUYER_ID, SCENARIO_ID, SUPPLIER_ID, Market
from tests.unit.listings.listings_app import PARTNER, PRINCIPALS, Caller, listings_app

ACCEPTANCE = {"scenario_id": SCENARIO_ID, "accept_terms": True}
NOBODYS = f"/v1/demands/dem_{'0' * 26}"


@pytest.fixture
def market(units, clock):
    market = Market(units, clock)
    market.verify(PARTNER.organisation_id, "Partner Ltd", is_supplier=True)
    return market


@pytest.fixture
def listing(market):
    return market.listed()


@pytest.fixture
def call(engine, clock, market):
    def activate(uow, event):
        services.activate_order(uow, order_id=event.order_id, licence_id=uow.ids.new("lic"))

    composed = UnitOfWorkFactory(engine, clock, IdSource(clock), {OrderPlaced: (activate,)})
    return Caller(listings_app(composed, clock))


@pytest.fixture
def wanted(clock):
    return {
        "title": "各城市人口数据",
        "description": "Population of every city of the delta, with districts.",
        "fields": [{"name": "population", "description": "Inhabitants"}],
        "topic": "SPACE_TIME",
        "sectors": ["CITY"],
        "regions": ["31", "32"],
        "update_frequency": "MONTHLY",
        "delivery_mode": "API_CALL",
        "unit": "call",
        "units_a_month": 20_000,
        "purpose": "RESEARCH",
        "intended_use": "To choose where to open clinics.",
        "budget_min_amount": "1000",
        "budget_max_amount": "5000.50",
        "closes_at": (clock.now() + timedelta(days=10)).isoformat(),
    }


@pytest.fixture
def post(call, wanted):
    return lambda expect=201, **changes: call(
        "buyer", "POST", "/v1/demands", {**wanted, **changes}, expect=expect
    )


@pytest.fixture
def answer(call, listing, clock):
    def answering(demand, who="supplier", expect=201, **changes):
        body = {
            "listing_code": listing.listing_code,
            "plan": {"kind": "per_call", "unit": "call", "unit_price": "0.12"},
            "valid_until": (clock.now() + timedelta(days=30)).isoformat(),
            "message": "Every city, each month.",
            **changes,
        }
        path = f"/v1/demands/{demand['id']}/custom-offers"
        return call(who, "POST", path, body, expect=expect)

    return answering


def slug(problem):
    return problem["type"].partition("#")[2]


def pointers(problem):
    return [each["pointer"] for each in problem["errors"]]


def ids(page):
    return [each["id"] for each in page["items"]]


def test_a_demand_is_answered_and_ordered_on_under_an_approved_scenario_only(
    call, post, answer, market, listing
):
    demand = post()
    assert (demand["state"], demand["is_mine"]) == ("OPEN", True)
    shown = call("supplier", "GET", f"/v1/demands/{demand['id']}", **{"Accept-Language": "zh"})
    assert (shown["purpose"]["code"], shown["budget_max_amount"]) == ("RESEARCH", "5000.50000000")
    assert shown["fields"] == [{"name": "population", "description": "Inhabitants"}]
    assert shown["is_mine"] is False
    assert BUYER_ID not in str(shown)
    offer = answer(demand)
    assert (offer["demand_id"], offer["buyer_id"]) == (demand["id"], BUYER_ID)
    received = call("buyer", "GET", f"/v1/custom-offers?demand_id={demand['id']}")
    assert ids(received) == [offer["id"]]
    path = f"/v1/custom-offers/{offer['id']}/acceptance"
    refused = call("buyer", "POST", path, ACCEPTANCE, expect=403)
    assert slug(refused) == "scenario-not-approved"
    market.scenario(listing.listing_code, SCENARIO_ID)
    order = call("buyer", "POST", path, ACCEPTANCE, expect=201)
    assert (order["state"], order["custom_offer_id"]) == ("ACTIVE", offer["id"])
    # A second supplier's offer, or a second of the same, may be taken as well.
    second = answer(demand)
    call("buyer", "POST", f"/v1/custom-offers/{second['id']}/acceptance", ACCEPTANCE, expect=201)
    third = answer(demand)
    declined = call(
        "buyer",
        "POST",
        f"/v1/custom-offers/{third['id']}/refusal",
        {"reason": "Two are enough."},
        expect=201,
    )
    assert (declined["state"], declined["decline_reason"]) == ("DECLINED", "Two are enough.")


def test_an_answer_is_sealed_from_every_other_supplier(call, post, answer, market):
    demand = post()
    offer = answer(demand)
    theirs = market.listed(principal=PARTNER, name="Partner's cities")
    other = answer(demand, who="partner", listing_code=theirs.listing_code)
    assert ids(call("partner", "GET", "/v1/custom-offers")) == [other["id"]]
    asked = f"/v1/custom-offers?demand_id={demand['id']}"
    assert ids(call("supplier", "GET", asked)) == [offer["id"]]
    assert ids(call("stranger", "GET", asked)) == []
    assert ids(call("buyer", "GET", asked)) == [other["id"], offer["id"]]
    call("partner", "GET", f"/v1/custom-offers/{offer['id']}", expect=404)
    # Nor is another's listing anybody's to offer.
    assert slug(answer(demand, who="partner", expect=404)) == "listing-not-found"


def test_what_is_closed_is_for_its_buyer_and_those_who_answered(call, post, answer):
    demand = post()
    path = f"/v1/demands/{demand['id']}"
    offer = answer(demand)
    closed = call("buyer", "POST", f"{path}/closure", expect=201)
    assert closed["state"] == "CLOSED"
    assert call("supplier", "GET", path)["state"] == "CLOSED"
    assert slug(answer(demand, expect=409)) == "demand-not-open"
    assert slug(call("buyer", "POST", f"{path}/closure", expect=409)) == "demand-not-open"
    assert ids(call("buyer", "GET", "/v1/demands?state=CLOSED")) == [demand["id"]]
    assert ids(call("supplier", "GET", "/v1/demands?state=CLOSED")) == []
    # It is decided all the same; and nobody else learns that there was one.
    call("supplier", "POST", f"/v1/custom-offers/{offer['id']}/withdrawal", expect=201)
    for each in (path, NOBODYS):
        assert slug(call("partner", "GET", each, expect=404)) == "demand-not-found"
        refused = answer({"id": each.rpartition("/")[2]}, who="partner", expect=404)
        assert slug(refused) == "demand-not-found"


def test_a_stranger_changes_nothing_and_who_is_not_verified_posts_nothing(
    call, post, answer, wanted
):
    demand = post()
    path = f"/v1/demands/{demand['id']}"
    for each in (path, NOBODYS):
        for method, end, body in (
            ("PUT", "", wanted),
            ("POST", "/extension", {"closes_at": wanted["closes_at"]}),
            ("POST", "/closure", None),
        ):
            problem = call("stranger", method, each + end, body, expect=404)
            assert slug(problem) == "demand-not-found"
    assert slug(call("stranger", "POST", "/v1/demands", wanted, expect=403)) == "party-not-verified"
    assert slug(answer(demand, who="stranger", expect=403)) == "party-not-verified"
    call("supplier", "POST", "/v1/demands", wanted, expect=403)
    assert slug(answer(demand, who="buyer", expect=403)) == "permission-missing"
    call(None, "GET", path, expect=401)


def test_a_buyer_who_may_not_buy_any_more_only_closes_and_is_not_named(
    call, post, answer, market, wanted, clock
):
    demand = post()
    path = f"/v1/demands/{demand['id']}"
    market.verify(BUYER_ID, "Buyer Ltd", is_buyer=True, days=1)
    clock.advance(seconds=86_400)
    refused = answer(demand, expect=409)
    assert slug(refused) == "demand-buyer-not-verified"
    assert BUYER_ID not in str(refused)
    later = {"closes_at": (clock.now() + timedelta(days=20)).isoformat()}
    for method, end, body in (("PUT", "", wanted), ("POST", "/extension", later)):
        assert slug(call("buyer", method, path + end, body, expect=403)) == "party-not-verified"
    call("buyer", "POST", f"{path}/closure", expect=201)


def test_nobody_answers_its_own_demand(call, post, answer, market, monkeypatch, wanted):
    market.verify(SUPPLIER_ID, "Supplier Ltd", is_supplier=True, is_buyer=True)
    both = PRINCIPALS["buyer"].__class__("psn_both", SUPPLIER_ID, PRINCIPALS["stranger"].roles)
    monkeypatch.setitem(PRINCIPALS, "both", both)
    demand = call("both", "POST", "/v1/demands", wanted, expect=201)
    assert slug(answer(demand, expect=409)) == "own-listing"


def test_the_board_is_searched_filtered_and_paged(call, post, clock):
    first = post()
    second = post(
        title="Freight rates by sea",
        description="Daily rates.",
        topic="SUBJECT_COMPANY",
        sectors=["TRANSPORT"],
        currency="USD",
        closes_at=(clock.now() + timedelta(days=2)).isoformat(),
    )
    third = post()
    for asked, found in (
        ("", [third, second, first]),
        ("?q=人口", [third, first]),
        ("?q=rate", [second]),
        ("?q=!", []),
        ("?topic=SUBJECT", [second]),
        ("?sector=CITY", [third, first]),
        ("?currency=USD", [second]),
        ("?is_mine=true", []),
        ("?sort=closing", [second, first, third]),
        (f"?until={clock.now() + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}", [second]),
    ):
        page = call("supplier", "GET", f"/v1/demands{asked}")
        assert ids(page) == [each["id"] for each in found], asked
    assert len(ids(call("buyer", "GET", "/v1/demands?is_mine=true"))) == 3
    for sort, order in (("newest", [third, second, first]), ("closing", [second, first, third])):
        path = f"/v1/demands?limit=2&sort={sort}"
        page = call("supplier", "GET", path)
        assert ids(page) == [each["id"] for each in order[:2]]
        rest = call("supplier", "GET", f"{path}&cursor={page['next_cursor']}")
        assert ids(rest) == [order[2]["id"]]
        assert rest["next_cursor"] is None
    clock.advance(seconds=2 * 86_400)
    assert ids(call("supplier", "GET", "/v1/demands")) == [third["id"], first["id"]]
    assert ids(call("supplier", "GET", "/v1/demands?state=EXPIRED")) == []
    (expired,) = call("buyer", "GET", "/v1/demands?state=EXPIRED")["items"]
    assert (expired["id"], expired["state"]) == (second["id"], "EXPIRED")


@pytest.mark.parametrize(
    "query",
    [
        "state=ANY",
        "sort=price",
        "topic=X",
        "cursor=eA",
        "from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
    ],
)
def test_a_bad_query_is_refused(call, query):
    call("buyer", "GET", f"/v1/demands?{query}", expect=422)


def test_a_demand_is_edited_until_it_is_answered_and_extended_while_it_is_open(
    call, post, answer, wanted, clock
):
    demand = post()
    path = f"/v1/demands/{demand['id']}"
    edited = call("buyer", "PUT", path, {**wanted, "title": "Ports of the delta"})
    assert (edited["title"], edited["posted_at"]) == ("Ports of the delta", demand["posted_at"])
    assert ids(call("supplier", "GET", "/v1/demands?q=port")) == [demand["id"]]
    assert ids(call("supplier", "GET", "/v1/demands?q=人口数据")) == []
    offer = answer(demand)
    call("supplier", "POST", f"/v1/custom-offers/{offer['id']}/withdrawal", expect=201)
    refused = call("buyer", "PUT", path, wanted, expect=409)
    assert slug(refused) == "demand-already-answered"
    later = (clock.now() + timedelta(days=20)).isoformat()
    extended = call("buyer", "POST", f"{path}/extension", {"closes_at": later}, expect=201)
    assert extended["closes_at"] > demand["closes_at"]
    for closes_at in (wanted["closes_at"], later, "2999-01-01T00:00:00Z"):
        problem = call("buyer", "POST", f"{path}/extension", {"closes_at": closes_at}, expect=422)
        assert slug(problem) == "demand-invalid"
    clock.advance(seconds=20 * 86_400)
    # At that instant it is over: no answer, no change, and only the buyer's own end is left.
    assert slug(answer(demand, expect=409)) == "demand-not-open"
    assert call("buyer", "PUT", path, wanted, expect=409)["state"] == "EXPIRED"
    call("buyer", "POST", f"{path}/extension", {"closes_at": later}, expect=409)
    assert call("buyer", "POST", f"{path}/closure", expect=201)["state"] == "CLOSED"


def test_what_a_demand_must_not_say_is_named_by_its_place(call, post, subtests):
    for change, place in (
        ({"budget_min_amount": "6000"}, "#/budget_max_amount"),
        ({"closes_at": "2020-01-01T00:00:00Z"}, "#/closes_at"),
        ({"closes_at": "2999-01-01T00:00:00Z"}, "#/closes_at"),
        ({"description": "Ask li.wei@buyer.example today"}, "#/description"),
        ({"fields": [{"name": "x"}, {"name": "电话13812345678"}]}, "#/fields/1/name"),
        ({"title": ""}, "#/title"),
        ({"topic": "NO_SUCH"}, "#/topic"),
        ({"sectors": []}, "#/sectors"),
        ({"units_a_month": 0}, "#/units_a_month"),
        ({"budget_min_amount": 5}, "#/budget_min_amount"),
        ({"buyer_id": BUYER_ID}, "#/buyer_id"),
    ):
        with subtests.test(**change):
            assert pointers(post(expect=422, **change)) == [place]
    assert call("buyer", "GET", "/v1/demands")["items"] == []


def test_an_answer_is_in_the_currency_that_was_asked_for(post, answer):
    plan = {"kind": "per_call", "unit": "call", "unit_price": "0.12", "currency": "USD"}
    assert pointers(answer(post(), plan=plan, expect=422)) == ["#/plan/currency"]
