"""A system collects consents with a key of its own: only consents, only its organisation's."""

import re

import pytest

from app.web.limits import limiter
from demo import onboarding
from demo.http import Client
from tests.factories.consented import answer_of, ask

CONSENT_ROUTES = {
    ("GET", "/v1/products/<product_id>/consent-register"),
    ("POST", "/v1/consents"),
    ("GET", "/v1/consents"),
    ("GET", "/v1/products/<product_id>/consents"),
    ("POST", "/v1/products/<product_id>/consents"),
    ("GET", "/v1/consents/<consent_id>"),
    ("GET", "/v1/consents/<consent_id>/token"),
    ("GET", "/v1/consents/<consent_id>/evidence"),
    ("POST", "/v1/consents/<consent_id>/withdrawal"),
    ("POST", "/v1/consent-withdrawals"),
}


@pytest.fixture
def world(worlds):
    return worlds["a"]


@pytest.fixture
def trade(world):
    return world.consented[0]


@pytest.fixture
def issue(world):
    def issued(**fields):
        return world.supplier.client.post("/v1/collector-keys", {"name": "consent pages"} | fields)

    return issued


@pytest.fixture
def system(world, issue):
    return Client(world.base_url, issue()["text"])


def record(world, client, person, *, expect=201, **changes):
    trade, key = world.consented
    return client.post(
        "/v1/consents", answer_of(world, trade, key, person, **changes), expect=expect
    )


def slug(answer):
    return answer.json["type"].partition("#")[2]


def test_a_system_grants_denies_withdraws_and_asks_for_tokens(world, trade, system):
    given = record(world, system, "ZBTJ")
    path = f"/v1/consents/{given['consent']['id']}"
    token = system.get(f"{path}/token")["token"]
    assert token == given["token"]
    assert ask(world, trade, "ZBTJ", token).status == 200
    system.post(f"{path}/withdrawal", {"reason_code": "SUBJECT_REQUEST"})
    assert slug(ask(world, trade, "ZBTJ", token)) == "consent-withdrawn"
    again = record(world, system, "ZBTJ")
    record(world, system, "ZBTJ", answer="deny", expires_at=None)
    assert slug(ask(world, trade, "ZBTJ", again["token"])) == "consent-withdrawn"
    shown = system.get(f"/v1/products/{trade.product['id']}/consents", query={"limit": 3})
    assert {each["state"] for each in shown["items"]} == {"WITHDRAWN", "DENIED"}
    assert system.get(f"/v1/products/{trade.product['id']}/consent-register")["opened_at"]


def test_a_consent_names_the_system_that_recorded_it_to_its_own_organisation(world, issue):
    issued = issue()
    given = record(world, Client(world.base_url, issued["text"]), "ZSNB")
    path = f"/v1/consents/{given['consent']['id']}"
    collector_id = issued["collector_key"]["collector_id"]
    assert world.supplier.client.get(path)["recorded_by"] == collector_id
    assert world.buyer.client.get(path)["recorded_by"] is None


def _named(rule):
    """The route's address with something that its converter takes in the place of each part."""
    rule = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule)
    return re.sub(r"<[^>]*>", "1", rule)


def test_everything_else_is_refused(whole_exchange, system, monkeypatch):
    """Default deny over every route there is: a key that leaks opens consents and no more."""
    monkeypatch.setattr(limiter, "enabled", False)
    app = whole_exchange.application.control_plane
    answers = {}
    for rule in app.url_map.iter_rules():
        access = getattr(app.view_functions[rule.endpoint], "access", None)
        if access is None or access.permission is None:
            continue
        path = _named(str(rule))
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answers[method, str(rule)] = system.send(method, path, body={})
    opened = {route for route, answer in answers.items() if answer.status != 403}
    assert opened == CONSENT_ROUTES
    refused = {slug(answer) for answer in answers.values() if answer.status == 403}
    assert refused == {"permission-missing"}


def test_the_data_plane_does_not_know_the_key(world, trade, issue):
    client = Client(world.base_url, issue()["text"])
    answer = client.send("GET", f"/data/{trade.listing_code}?icao=ZSPD")
    assert answer.status == 401


def test_consents_of_another_organisation_are_not_there(worlds, world, system):
    theirs = worlds["b"]
    given = record(theirs, theirs.supplier.client, "ZSWX")
    path = f"/v1/consents/{given['consent']['id']}"
    system.get(path, expect=404)
    system.get(f"{path}/token", expect=404)
    system.post(f"{path}/withdrawal", {"reason_code": "SUBJECT_REQUEST"}, expect=404)
    record(theirs, system, "ZSWX", expect=404)
    query = {"subject": given["consent"]["subject"]}
    assert system.get("/v1/consents", query=query)["items"] == []


def test_a_key_is_shown_once_listed_rotated_and_revoked(world, issue):
    client = world.supplier.client
    issued = issue()
    key = issued["collector_key"]
    assert client.post("/v1/collector-keys", {"name": "another"})["text"] != issued["text"]
    path = f"/v1/collector-keys/{key['id']}"
    rotated = client.post(f"{path}/rotation", {"overlap_seconds": 60})
    query = {"collector_id": key["collector_id"]}
    listed = client.expect("GET", f"/v1/collector-keys?collector_id={key['collector_id']}", 200)
    assert [(each["id"], each["state"]) for each in listed.json["items"]] == [
        (rotated["collector_key"]["id"], "live"),
        (key["id"], "rotated"),
    ]
    assert issued["text"].encode() not in listed.body
    record(world, Client(world.base_url, issued["text"]), "ZGKL")
    for _ in range(2):
        client.expect("DELETE", path, 204)
    refused = Client(world.base_url, issued["text"]).send("GET", "/v1/consents")
    assert (refused.status, slug(refused)) == (401, "collector-key-refused")
    record(world, Client(world.base_url, rotated["text"]), "ZGKL")
    used = client.get("/v1/collector-keys", query=query)["items"]
    assert {each["state"] for each in used} == {"live", "revoked"}
    assert all(each["last_used_at"] for each in used)


def test_a_retry_with_the_successor_is_the_same_request(world, issue):
    """A rotation in the middle of a retry records no second answer of the person."""
    issued = issue()
    path = f"/v1/collector-keys/{issued['collector_key']['id']}/rotation"
    rotated = world.supplier.client.post(path, {"overlap_seconds": 60})
    trade, key = world.consented
    body = answer_of(world, trade, key, "ZPLJ")
    headers = {"Idempotency-Key": "one-answer"}
    answers = [
        Client(world.base_url, each["text"]).send(
            "POST", "/v1/consents", body=body, headers=headers
        )
        for each in (issued, rotated)
    ]
    assert [each.status for each in answers] == [201, 201]
    assert answers[0].json == answers[1].json


def test_a_key_works_from_its_networks_only(world, issue):
    elsewhere = Client(world.base_url, issue(networks=["203.0.113.0/24"])["text"])
    refused = elsewhere.send("GET", "/v1/consents")
    assert (refused.status, slug(refused)) == (403, "caller-network-refused")
    here = Client(world.base_url, issue(networks=["127.0.0.0/8", "::1"])["text"])
    assert here.get("/v1/consents", query={"limit": 1})["items"]


def test_a_key_has_a_limit_of_its_own(world, issue):
    client = Client(world.base_url, issue(requests_per_minute=3)["text"])
    answers = [client.send("GET", "/v1/consents?limit=1") for _ in range(4)]
    assert [each.status for each in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    world.supplier.client.get("/v1/consents", query={"limit": 1})


def test_a_buyer_issues_no_keys_for_collecting(world):
    world.buyer.client.post("/v1/collector-keys", {"name": "x"}, expect=403)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ""}, "#/name"),
        ({"requests_per_minute": 0}, "#/requests_per_minute"),
        ({"requests_per_minute": 1_201}, "#/requests_per_minute"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "#/expires_at"),
        ({"expires_at": onboarding.in_days(400)}, "#/expires_at"),
        ({"scope": "everything"}, "#/scope"),
    ],
)
def test_a_key_that_does_not_fit_is_refused_with_a_pointer(world, changes, pointer):
    body = {"name": "x"} | changes
    problem = world.supplier.client.post("/v1/collector-keys", body, expect=422)
    assert pointer in {each["pointer"] for each in problem["errors"]}
