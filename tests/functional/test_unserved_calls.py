"""A buyer sees which of its calls came to nothing, counted; what nobody's key asked is staff's."""

from datetime import UTC, datetime, timedelta

from tests.factories.denied_calls import PROBLEM

PATH = "/v1/unserved-calls"
OURS = f"problem={PROBLEM}"


def test_a_buyer_sees_its_own_refusals_and_nothing_of_others(worlds):
    world = worlds["a"]
    found = world.buyer.client.get(f"{PATH}?{OURS}")["items"]
    assert [set(each) for each in found] == [{"licence_id", "hour", "problem", "calls_count"}]
    assert (found[0]["licence_id"], found[0]["calls_count"]) == (world.airports.licence_id, 1)
    everything = world.buyer.client.get(f"{PATH}?limit=100")["items"]
    assert worlds["b"].airports.licence_id not in {each["licence_id"] for each in everything}


def test_a_supplier_has_none_and_staff_see_also_what_nobody_s_key_asked(worlds):
    assert worlds["a"].supplier.client.get(PATH)["items"] == []
    staff = worlds["a"].staff_client("auditor")
    seen = staff.get(f"{PATH}?{OURS}")["items"]
    licences = {world.airports.licence_id for world in worlds.values()}
    assert {each["licence_id"] for each in seen} == licences
    unknown = staff.get(f"{PATH}?problem=call-key-unknown")["items"]
    assert {each["licence_id"] for each in unknown} == {""}


def test_they_are_filtered_and_paged(worlds):
    client, licence_id = worlds["a"].staff_client("auditor"), worlds["a"].airports.licence_id
    soon = (datetime.now(UTC) + timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    queries = {
        f"licence_id={licence_id}&{OURS}": 1,
        "licence_id=lic_of_nobody": 0,
        "problem=call-too-large": 0,
        "problem=other": 0,
        f"{OURS}&until={soon}": 2,
        f"from={soon}": 0,
    }
    assert {query: len(client.get(f"{PATH}?{query}")["items"]) for query in queries} == queries
    first = client.get(f"{PATH}?{OURS}&limit=1")
    rest = client.get(f"{PATH}?{OURS}&cursor={first['next_cursor']}")
    paged = [each["licence_id"] for each in first["items"] + rest["items"]]
    assert sorted(paged) == sorted(world.airports.licence_id for world in worlds.values())


def test_a_problem_that_no_call_can_end_in_is_refused(worlds):
    answer = worlds["a"].buyer.client.send("GET", f"{PATH}?problem=invented")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "#/problem")
