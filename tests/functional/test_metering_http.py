"""Caps, quotes, replays and what is left, over HTTP on a whole exchange."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from app.core.reach import Reach
from listings.models import ApprovedScenario
from metering.models import DeliveryRoute, Entitlement

pytestmark = pytest.mark.usefixtures("worlds")
RANGE = {"from": "2020-01-01T00:00:00Z", "until": "2040-01-01T00:00:00Z"}
CALLS = 3 + 1
"""What the pair's buyer asked about airports: with a key, and with a signature."""
COMMON = {"unit": "hit", "free_units": 0, "currency": "CNY", "calls_per_second": 50}


@pytest.fixture
def world(worlds):
    return worlds["a"]


@pytest.fixture
def licence_id(world):
    return world.airports.licence_id


def key_of(everything, licence_id):
    rows = everything.rows["call_keys"].values()
    return next(row["key_id"] for row in rows if row["licence_id"] == licence_id)


def ask(person, method, path, body=None):
    return person.client.send(method, path, body=body)


def test_who_called_rates_and_everybody_reads_what_that_comes_to(world, worlds):
    code = ask(world.buyer, "GET", f"/v1/entitlements/{world.airports.licence_id}").json[
        "listing_code"
    ]
    own = f"/v1/listings/{code}/rating"
    assert ask(world.buyer, "GET", own).status == 404
    assert ask(world.buyer, "PUT", own, {"stars": 6}).status == 422
    assert ask(world.buyer, "PUT", own, {"stars": 4}).json["stars"] == 4
    assert ask(worlds["b"].supplier, "GET", own).status == 404
    shown = ask(worlds["b"].buyer, "GET", f"/v1/listings/{code}").json
    assert shown["rating"] == {"count": 1, "mean": "4.00"}
    refused = ask(worlds["b"].buyer, "PUT", own, {"stars": 1})
    assert (refused.status, refused.json["type"].partition("#")[2]) == (403, "nothing-to-rate")
    assert ask(world.supplier, "PUT", own, {"stars": 5}).status == 403
    assert ask(world.buyer, "DELETE", own).status == 204
    shown = ask(world.buyer, "GET", f"/v1/listings/{code}").json
    assert shown["rating"] == {"count": 0, "mean": None}


def test_entitlements_are_found_by_side_state_listing_parties_and_beginning(world, worlds):
    shown = ask(world.buyer, "GET", f"/v1/entitlements/{world.airports.licence_id}").json
    buyer, supplier = world.organisations["buyer"], world.organisations["supplier"]
    begins = shown["starts_at"]
    wanted = {"listing_code": shown["listing_code"], "state": shown["state"], "from": begins}
    wanted |= {"buyer_id": buyer, "supplier_id": supplier}

    def found(person, **changed):
        query = urlencode({**wanted, **changed})
        items = ask(person, "GET", f"/v1/entitlements?{query}").json["items"]
        return [each["licence_id"] for each in items]

    for who in ("buyer", "supplier"):
        person = getattr(world, who)
        assert found(person) == found(person, side=who) == [shown["licence_id"]]
        assert found(person, side={"buyer": "supplier", "supplier": "buyer"}[who]) == []
        assert found(person, state="revoked") == found(person, listing_code="AIR-0") == []
        assert found(person, buyer_id=supplier) == found(person, supplier_id=buyer) == []
        assert ask(person, "GET", f"/v1/entitlements?state={shown['state'].upper()}").status == 422
        before = ask(person, "GET", f"/v1/entitlements?until={begins}").json["items"]
        assert shown["licence_id"] not in [each["licence_id"] for each in before]
        assert found(getattr(worlds["b"], who)) == []


def test_an_entitlement_shows_its_period_and_pools(world, licence_id):
    for party in (world.buyer, world.supplier):
        shown = ask(party, "GET", f"/v1/entitlements/{licence_id}").json
        assert (shown["period"]["period"], shown["period"]["state"]) == (1, "open")
        assert shown["period"]["total_amount"] is None
        assert [pool["kind"] for pool in shown["pools"]][-1] in {"priced", "included"}
        assert sum(pool["spent_units"] for pool in shown["pools"]) >= 0


def test_a_licence_shows_its_periods_to_its_parties_alone(world, worlds, licence_id):
    path = f"/v1/licences/{licence_id}/periods"
    shown = ask(world.buyer, "GET", path)
    assert shown.status == 200, shown.body
    (period,) = shown.json["items"]
    assert (period["period"], period["state"], period["currency"]) == (1, "open", "CNY")
    assert (period["granted_units"], period["rolled_in_units"]) == (None, 0), "sold one by one"
    assert ask(world.supplier, "GET", path).json == shown.json
    for stranger in (worlds["b"].buyer, worlds["b"].supplier):
        assert ask(stranger, "GET", path).status == 404
    assert ask(world.buyer, "GET", f"{path}?cursor=eA").status == 422


def test_a_quote_beyond_the_licence_s_end_is_warned_of(world, licence_id):
    ends_at = ask(world.buyer, "GET", f"/v1/entitlements/{licence_id}").json["ends_at"]
    late = (datetime.fromisoformat(ends_at) + timedelta(seconds=1)).isoformat()

    def warnings(until):
        body = {"licence_id": licence_id, "units": 1, "until": until}
        return ask(world.buyer, "POST", "/v1/quotes", body).json["warnings"]

    assert warnings(ends_at) == []
    assert warnings(late) == [
        {"code": "ends-with-licence", "paid_until": None, "usable_until": ends_at}
    ]


@pytest.fixture
def put(whole_exchange):
    """Sets a member of a row for the time of a test."""
    before = []

    def change(table, key, member, value):
        with whole_exchange.parts.units.begin(Reach.EXCHANGE) as uow:
            row = uow.session.get_one(table, key)
            before.append((table, key, member, getattr(row, member)))
            setattr(row, member, value)
            uow.commit()

    yield change
    for each in reversed(before[:]):
        change(*each)


def test_a_quote_for_a_licence_that_nobody_can_call_with_is_warned_of(
    world, licence_id, everything, put
):
    held = everything.rows["entitlements"].values()
    version_id = next(row["version_id"] for row in held if row["licence_id"] == licence_id)
    ends_at = ask(world.buyer, "GET", f"/v1/entitlements/{licence_id}").json["ends_at"]

    def warnings():
        body = {"licence_id": licence_id, "units": 1, "until": ends_at}
        found = ask(world.buyer, "POST", "/v1/quotes", body).json["warnings"]
        assert {each["paid_until"] for each in found} <= {None}
        return [(each["code"], each["usable_until"]) for each in found]

    assert warnings() == []
    put(DeliveryRoute, version_id, "state", "suspended")
    assert warnings() == [("listing-suspended", None)]
    begins_at = datetime.fromisoformat(ends_at) - timedelta(seconds=1)
    put(Entitlement, licence_id, "starts_at", begins_at)
    assert warnings() == [("licence-not-begun", ends_at), ("listing-suspended", None)]
    past = datetime.fromisoformat(ends_at).replace(year=2020)
    put(Entitlement, licence_id, "starts_at", past - timedelta(days=1))
    put(Entitlement, licence_id, "ends_at", past)
    ended = past.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert warnings() == [("licence-ended", ended), ("listing-suspended", None)]
    put(Entitlement, licence_id, "state", "revoked")
    assert warnings() == [("licence-revoked", None)], "what is over for good says so alone"


def test_caps_are_set_shown_and_taken_away_by_the_buyer_alone(world, licence_id, everything):
    caps = f"/v1/licences/{licence_id}/caps"
    key = f"{caps}/keys/{key_of(everything, licence_id)}"
    for path in (f"{caps}/licence", f"{caps}/day", key):
        answer = ask(world.buyer, "PUT", path, {"cap_amount": "500.00"})
        assert (answer.status, answer.json["cap_amount"]) == (200, "500.00000000")
    items = ask(world.buyer, "GET", caps).json["items"]
    assert [cap["scope"] for cap in items] == ["licence", "day", "key"]
    assert items[1]["opens_at"] is not None
    assert ask(world.supplier, "GET", caps).status == 404
    assert ask(world.buyer, "PUT", f"{caps}/day", {"cap_amount": "-1"}).status == 422
    assert ask(world.buyer, "PUT", f"{caps}/week", {"cap_amount": "1"}).status == 404
    assert ask(world.buyer, "PUT", f"{caps}/keys/key_x", {"cap_amount": "1"}).status == 404
    for path in (f"{caps}/licence", f"{caps}/day", key, key):
        assert ask(world.buyer, "DELETE", path).status == 204
    assert ask(world.buyer, "GET", caps).json["items"] == []


def test_usage_is_found_by_key_and_by_counterparty(world, worlds, licence_id, everything):
    def called(person, key_id, **parties):
        query = urlencode({"key_id": key_id, "limit": 100, **parties})
        return ask(person, "GET", f"/v1/usage?{query}").json["items"]

    every = ask(world.buyer, "GET", "/v1/usage?limit=100").json["items"]
    key_id = key_of(everything, licence_id)
    own = [call for call in every if call["key_id"] == key_id]
    assert 0 < len(own) < len(every)
    assert called(world.buyer, key_id) == own
    assert called(world.supplier, key_id) == own
    buyer, supplier = world.organisations["buyer"], world.organisations["supplier"]
    assert called(world.supplier, key_id, buyer_id=buyer) == own
    assert called(world.buyer, key_id, buyer_id=buyer, supplier_id=supplier) == own
    assert called(world.buyer, key_id, supplier_id=buyer) == []
    assert called(worlds["b"].buyer, key_id) == called(worlds["b"].supplier, key_id) == []
    assert ask(world.buyer, "GET", "/v1/usage?key_id=key_x").status == 422


def test_what_was_booked_for_calls_leads_to_the_calls(world, licence_id):
    calls = ask(world.buyer, "GET", f"/v1/usage?licence_id={licence_id}&limit=100").json["items"]
    paths = f"/v1/postings?licence_id={licence_id}&limit=100"
    booked = ask(world.buyer, "GET", paths).json["items"]
    paid = {each["reference"]: each["amount"] for each in booked if "lan_" in each["reference"]}
    assert paid
    for reference, amount in paid.items():
        lane_id, _, run = reference.partition(":")
        first, last = map(int, run.split("-"))
        meant = [call for call in calls if call["lane_id"] == lane_id]
        charged = sum(Decimal(call["amount"]) for call in meant if first <= call["n"] <= last)
        assert charged == -Decimal(amount)


def test_a_quote_is_for_a_volume_for_periods_or_for_a_licence(world, licence_id):
    plan_id = world.airports.plan_id
    one = ask(world.buyer, "POST", "/v1/quotes", {"plan_id": plan_id, "units": 1}).json
    many = ask(world.buyer, "POST", "/v1/quotes", {"plan_id": plan_id, "units": 10}).json
    months = {"plan_id": plan_id, "period_units": [4, 6]}
    periods = ask(world.buyer, "POST", "/v1/quotes", months).json
    assert periods["total_amount"] == many["total_amount"]
    assert [each["units"] for each in periods["periods"]] == [4, 6]
    assert one["units"] == 1
    running = ask(world.buyer, "POST", "/v1/quotes", {"licence_id": licence_id, "units": 2})
    assert running.status == 200, running.body
    assert running.json["units"] == 2


def test_a_package_that_outlasts_the_scenario_is_warned_of(world):
    def warnings(plan_id, until):
        body = {"plan_id": plan_id, "units": 1, "until": until}
        return [
            each["code"] for each in ask(world.buyer, "POST", "/v1/quotes", body).json["warnings"]
        ]

    soon, late = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (5, 4_000))
    assert warnings(world.days.plan_id, soon) == ["ends-with-scenario"]
    assert warnings(world.days.plan_id, late) == []
    assert warnings(world.airports.plan_id, soon) == []


def test_without_a_day_the_buyer_s_own_scenario_tells_when_the_use_ends(world, whole_exchange):
    days = world.days

    def warned(who):
        body = {"plan_id": days.plan_id, "units": 1}
        return ask(who, "POST", "/v1/quotes", body).json["warnings"]

    def end_scenario(until):
        with whole_exchange.parts.units.begin(Reach.EXCHANGE) as uow:
            scenario = uow.session.get_one(ApprovedScenario, days.scenario["id"])
            before, scenario.valid_until = scenario.valid_until, until
            uow.commit()
            return before

    assert warned(world.buyer) == [], "a package of 90 days under a scenario of 180"
    soon = datetime.now(UTC) + timedelta(days=30)
    before = end_scenario(soon)
    try:
        (warning,) = warned(world.buyer)
        assert (warning["code"], datetime.fromisoformat(warning["usable_until"])) == (
            "ends-with-scenario",
            soon,
        )
        assert warned(world.supplier) == [], "it has no scenario of its own"
    finally:
        end_scenario(before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": 1},
        {"plan_id": "pln_" + "0" * 26},
        {"plan_id": "pln_" + "0" * 26, "units": 1, "period_units": [1]},
        {"licence_id": "lic_" + "0" * 26, "period_units": [1]},
        {"plan_id": "pln_" + "0" * 26, "period_units": []},
    ],
)
def test_a_quote_that_is_not_one_question_is_refused(world, wrong):
    assert ask(world.buyer, "POST", "/v1/quotes", wrong).status == 422


def test_a_replay_of_the_same_plan_comes_to_what_was_charged(world, licence_id):
    body = {"licence_id": licence_id, "plan_id": world.airports.plan_id} | RANGE
    for party in (world.buyer, world.supplier):
        shown = ask(party, "POST", "/v1/plan-replays", body)
        assert shown.status == 200, shown.body
        assert shown.json["charged_amount"] == shown.json["replayed_amount"]
        assert shown.json["difference_amount"] == "0.00000000"
        assert sum(each["units"] for each in shown.json["items"]) == CALLS


def test_a_replay_of_a_period_that_ends_before_it_begins_is_refused(world, licence_id):
    body = {"licence_id": licence_id, "plan_id": world.airports.plan_id}
    turned = {"from": RANGE["until"], "until": RANGE["from"]}
    answer = ask(world.buyer, "POST", "/v1/plan-replays", body | turned)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "#/until")


def test_a_supplier_tries_a_new_plan_on_all_usage_of_its_listing(world):
    tiers = [{"up_to": 2, "unit_price": "0.50000000"}, {"up_to": None, "unit_price": "0.10000000"}]
    plan = COMMON | {"kind": "graduated", "period": "month", "tiers": tiers}
    body = {"listing_code": world.airports.listing_code, "plan": plan} | RANGE
    shown = ask(world.supplier, "POST", "/v1/plan-replays", body).json
    assert shown["replayed_amount"] == "1.20000000", "two of half a yuan, two of a tenth"
    assert shown["next_cursor"] is None
    assert ask(world.buyer, "POST", "/v1/plan-replays", body).json["items"] == []


@pytest.mark.parametrize(
    ("plan", "slug"),
    [
        ({"kind": "gift"}, "plan-terms-unreadable"),
        (COMMON | {"kind": "per_call", "unit_price": "1", "unit": "row"}, "replay-not-possible"),
        (COMMON | {"kind": "per_call", "unit_price": 1}, "plan-terms-unreadable"),
    ],
)
def test_a_plan_that_cannot_be_tried_is_refused_by_name(world, licence_id, plan, slug):
    body = {"licence_id": licence_id, "plan": plan} | RANGE
    answer = ask(world.buyer, "POST", "/v1/plan-replays", body)
    assert (answer.status, answer.json["type"].rpartition("#")[2]) == (422, slug)
