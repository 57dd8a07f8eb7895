"""Webhook endpoints, deliveries and the feed over HTTP: secrets shown once, own things only."""

from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from app.core.clock import SystemClock, iso_instant
from app.core.reach import Reach
from app.notices import services
from app.notices.services import ENDPOINTS_MAX
from app.wiring.notices import build_dispatcher
from tests.factories.notices import tell
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.functional import test_accounts as accounts
from tests.functional.test_accounts import registration, slug

ENDPOINTS = "/v1/webhook-endpoints"
DELIVERIES = "/v1/webhook-deliveries"

# The fixtures of the accounts' story.
nobody, operator, reviewer = accounts.nobody, accounts.operator, accounts.reviewer
units = accounts.units


@pytest.fixture
def settings(settings):
    return replace(settings, webhook_networks=("127.0.0.0/8",))


@pytest.fixture
def receiver():
    made = WebhookReceiver()
    yield made
    made.stop()


def member(nobody, number):
    made = nobody.post("/v1/organisations", registration(number))
    browser = nobody.sign_in(f"owner{number}@example.cn")
    return browser, made["organisation"]["id"]


@pytest.fixture
def owner(nobody):
    return member(nobody, 1)


@pytest.fixture
def other(nobody):
    return member(nobody, 2)[0]


def send(parts):
    dispatcher = build_dispatcher(parts)
    while dispatcher.step() or dispatcher.is_busy:
        pass
    dispatcher.close()


def number(parts):
    with parts.units.begin(Reach.EXCHANGE) as uow:
        services.number_notices(uow)
        uow.commit()


def test_from_an_endpoint_to_a_verified_ping(parts, clock, owner, receiver):
    browser, _ = owner
    made = browser.post(ENDPOINTS, {"url": receiver.url, "description": "accounting"})
    endpoint_id = made["endpoint"]["id"]
    ping = browser.post(f"{ENDPOINTS}/{endpoint_id}/ping")
    assert (ping["state"], ping["notice_type"]) == ("waiting", "webhook.ping")
    clock.instant = SystemClock().now()
    send(parts)
    (received,) = receiver.received
    payload = Webhook(made["secret"]).verify(received.body, received.headers)
    assert payload["data"] == {"endpoint_id": endpoint_id}


def test_the_log_shows_every_attempt_and_what_was_sent(parts, clock, owner, receiver):
    browser, _ = owner
    made = browser.post(ENDPOINTS, {"url": receiver.url})
    receiver.answer = lambda _received: 500
    ping = browser.post(f"{ENDPOINTS}/{made['endpoint']['id']}/ping")
    send(parts)
    clock.advance(seconds=10)
    receiver.answer = lambda _received: 200
    send(parts)
    shown = browser.get(f"{DELIVERIES}/{ping['id']}")
    assert [each["status"] for each in shown["attempts"]] == [500, 200]
    assert shown["delivery"]["state"] == "delivered"
    assert shown["delivery"]["next_attempt_at"] is None
    assert shown["payload"]["type"] == "webhook.ping"
    assert (shown["delivery"]["notice_id"], shown["delivery"]["attempts_count"]) == (
        receiver.received[0].message_id,
        2,
    )


def test_a_secret_is_shown_when_it_is_made_and_never_again(owner, receiver, engine):
    browser, _ = owner
    made = browser.post(ENDPOINTS, {"url": receiver.url})
    path = f"{ENDPOINTS}/{made['endpoint']['id']}"
    assert made["secret"].startswith("whsec_")
    rotated = browser.post(f"{path}/secret", {})
    assert rotated["secret"] != made["secret"]
    assert rotated["endpoint"]["previous_until"] is not None
    for answer in (browser.call("GET", path), browser.call("GET", ENDPOINTS)):
        assert "whsec_" not in answer.text
    with engine.connect() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM webhook_endpoints").all())
    assert rotated["secret"].removeprefix("whsec_") not in stored


def test_a_leaked_secret_ends_at_once(clock, owner, receiver):
    browser, _ = owner
    made = browser.post(ENDPOINTS, {"url": receiver.url})
    path = f"{ENDPOINTS}/{made['endpoint']['id']}/secret"
    assert browser.post(path, {"overlap_seconds": 0})["endpoint"]["previous_until"] is None
    day = browser.post(path, {})["endpoint"]["previous_until"]
    assert day == iso_instant(clock.now() + timedelta(days=1))
    assert browser.call("POST", path, {"overlap_seconds": 86_401}).status_code == 422


def test_a_repeated_creation_makes_one_endpoint_and_the_same_secret(owner, receiver):
    browser, _ = owner
    key = {"Idempotency-Key": "the-same"}
    first = browser.call("POST", ENDPOINTS, {"url": receiver.url}, **key)
    second = browser.call("POST", ENDPOINTS, {"url": receiver.url}, **key)
    assert first.get_json() == second.get_json()
    assert len(browser.get(ENDPOINTS)["items"]) == 1


BAD_ENDPOINTS = [
    ({"url": "https://10.0.0.1/"}, "unfit-receiver-url"),
    ({"url": "ftp://example.com/"}, "unfit-receiver-url"),
    ({"url": "https://example.com/", "notice_types": ["no.such"]}, "unknown-notice-types"),
    ({}, "validation-error"),
    ({"url": "https://example.com/", "secret": "whsec_mine"}, "validation-error"),
    ({"url": 1}, "validation-error"),
    ({"url": "https://example.com/", "notice_types": ["x"] * 201}, "validation-error"),
]


def test_a_bad_endpoint_is_a_problem(owner, subtests):
    browser, _ = owner
    for body, expected in BAD_ENDPOINTS:
        with subtests.test(body=body):
            assert slug(browser.call("POST", ENDPOINTS, body, expect=422)) == expected


def test_what_is_changed_changes_and_the_rest_stays(owner, receiver):
    browser, _ = owner
    made = browser.post(ENDPOINTS, {"url": receiver.url, "notice_types": ["key.issued"]})
    path = f"{ENDPOINTS}/{made['endpoint']['id']}"
    changed = browser.call("PATCH", path, {"description": "x"}, expect=200).get_json()
    assert (changed["description"], changed["notice_types"]) == ("x", ["key.issued"])
    changed = browser.call("PATCH", path, {"notice_types": []}, expect=200).get_json()
    assert changed["notice_types"] == []
    new_url = {"url": "https://hooks.example.com/new"}
    assert browser.call("PATCH", path, new_url, expect=200).get_json()["url"] == new_url["url"]
    off = browser.call("PATCH", path, {"is_enabled": False}, expect=200).get_json()
    assert (off["is_enabled"], off["disabled_reason"]) == (False, "by_owner")
    assert slug(browser.call("POST", f"{path}/ping", expect=409)) == "webhook-endpoint-disabled"
    replay = {"since": "2026-11-01T00:00:00Z"}
    answer = browser.call("POST", f"{path}/replay", replay, expect=409)
    assert slug(answer) == "webhook-endpoint-disabled"
    on = browser.call("PATCH", path, {"is_enabled": True}, expect=200).get_json()
    assert (on["is_enabled"], on["disabled_reason"]) == (True, None)
    for body in ({}, {"is_enabled": 1}, {"state": "disabled"}, {"url": "http://[::1]/"}):
        assert browser.call("PATCH", path, body).status_code == 422, body


def test_a_deleted_endpoint_is_gone_and_its_log_stays(parts, owner, receiver):
    browser, _ = owner
    made = browser.post(ENDPOINTS, {"url": receiver.url})
    path = f"{ENDPOINTS}/{made['endpoint']['id']}"
    ping = browser.post(f"{path}/ping")
    browser.call("DELETE", path, expect=204)
    for method, address in (
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("POST", f"{path}/ping"),
        ("POST", f"{path}/secret"),
        ("POST", f"{DELIVERIES}/{ping['id']}/replay"),
    ):
        body = {"description": "x"} if method == "PATCH" else None
        answer = browser.call(method, address, body, expect=404)
        assert slug(answer) == "webhook-endpoint-not-found"
    assert browser.get(ENDPOINTS)["items"] == []
    send(parts)
    assert receiver.received == []
    shown = browser.get(f"{DELIVERIES}/{ping['id']}")["delivery"]
    assert (shown["state"], shown["last_outcome"]) == ("dead", "endpoint_off")


def test_endpoints_are_counted_up_to_their_limit(owner, receiver):
    browser, _ = owner
    for _ in range(ENDPOINTS_MAX):
        last = browser.post(ENDPOINTS, {"url": receiver.url})["endpoint"]["id"]
    answer = browser.call("POST", ENDPOINTS, {"url": receiver.url}, expect=409)
    assert slug(answer) == "webhook-endpoint-limit-reached"
    browser.call("DELETE", f"{ENDPOINTS}/{last}", expect=204)
    browser.post(ENDPOINTS, {"url": receiver.url})
    page = browser.get(f"{ENDPOINTS}?limit=15")
    rest = browser.get(f"{ENDPOINTS}?limit=15&cursor={page['next_cursor']}")
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (15, 5, None)


def test_another_organisation_sees_and_changes_nothing(parts, owner, other, receiver):
    browser, _ = owner
    endpoint_id = browser.post(ENDPOINTS, {"url": receiver.url})["endpoint"]["id"]
    path = f"{ENDPOINTS}/{endpoint_id}"
    ping = browser.post(f"{path}/ping")
    number(parts)
    for method, address, body in (
        ("GET", path, None),
        ("PATCH", path, {"is_enabled": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/ping", None),
        ("POST", f"{path}/secret", {}),
        ("POST", f"{path}/replay", {"since": "2026-11-01T00:00:00Z"}),
        ("GET", f"{DELIVERIES}/{ping['id']}", None),
        ("POST", f"{DELIVERIES}/{ping['id']}/replay", None),
    ):
        assert other.call(method, address, body).status_code == 404, (method, address)
    for address in (ENDPOINTS, DELIVERIES, "/v1/notices"):
        assert other.get(address)["items"] == []


def test_deliveries_are_filtered_and_paged(parts, owner, receiver):
    browser, organisation_id = owner
    first = browser.post(ENDPOINTS, {"url": receiver.url})["endpoint"]["id"]
    second = browser.post(ENDPOINTS, {"url": receiver.url})["endpoint"]["id"]
    tell(parts.units, organisation_id=organisation_id, count=3)
    tell(parts.units, organisation_id=organisation_id, notice_type="key.revoked")
    browser.post(f"{ENDPOINTS}/{first}/ping")

    def count(query):
        return len(browser.get(f"{DELIVERIES}?{query}")["items"])

    assert count("limit=100") == 9
    assert count(f"endpoint_id={second}") == 4
    assert count(f"endpoint_id={first}&notice_type=licence.ended") == 3
    assert (count("state=waiting"), count("state=dead")) == (9, 0)
    notice_id = browser.get(f"{DELIVERIES}?limit=1")["items"][0]["notice_id"]
    assert count(f"notice_id={notice_id}") == 1
    page = browser.get(f"{DELIVERIES}?limit=6")
    assert count(f"limit=6&cursor={page['next_cursor']}") == 3
    for query in ("state=lost", "endpoint_id=x", "colour=blue"):
        assert browser.call("GET", f"{DELIVERIES}?{query}").status_code == 422


def test_replays_over_http(parts, clock, owner, receiver):
    browser, organisation_id = owner
    made = browser.post(ENDPOINTS, {"url": receiver.url})["endpoint"]
    since = iso_instant(clock.now())
    tell(parts.units, organisation_id=organisation_id)
    receiver.answer = lambda _received: 410
    send(parts)
    path = f"{ENDPOINTS}/{made['id']}"
    assert browser.get(path)["disabled_reason"] == "gone"
    browser.call("PATCH", path, {"is_enabled": True}, expect=200)
    receiver.answer = lambda _received: 200
    assert browser.post(f"{path}/replay", {"since": since}) == {
        # The dead one, and the notice that the endpoint was switched off, which it could not get.
        "queued_count": 2,
        "has_more": False,
    }
    send(parts)
    types = [each["notice_type"] for each in browser.get(f"{DELIVERIES}?state=delivered")["items"]]
    assert sorted(types) == ["licence.ended", "webhook.disabled"]
    delivery_id = browser.get(DELIVERIES)["items"][0]["id"]
    again = browser.post(f"{DELIVERIES}/{delivery_id}/replay")
    assert (again["state"], again["attempts_count"]) == ("waiting", 1)
    assert browser.post(f"{DELIVERIES}/{delivery_id}/replay")["state"] == "waiting"


def test_the_feed_tells_who_has_no_endpoint(parts, owner):
    browser, organisation_id = owner
    tell(parts.units, organisation_id=organisation_id, count=3)
    assert browser.get("/v1/notices")["items"] == []  # not yet numbered
    number(parts)
    page = browser.get("/v1/notices?limit=2")
    assert (len(page["items"]), page["has_more"]) == (2, True)
    assert set(page["items"][0]) == {"id", "type", "timestamp", "data"}
    rest = browser.get(f"/v1/notices?cursor={page['next_cursor']}")
    assert (len(rest["items"]), rest["has_more"]) == (1, False)
    assert browser.get(f"/v1/notices?cursor={rest['next_cursor']}")["items"] == []
    assert len(browser.get("/v1/notices?notice_type=licence.ended")["items"]) == 3
    assert browser.get("/v1/notices?from=2030-01-01T00:00:00Z")["items"] == []
    for query in ("from=yesterday", "from=2026-01-01T00:00:00", "limit=0", "cursor=x"):
        assert browser.call("GET", f"/v1/notices?{query}").status_code == 422, query


def test_the_kinds_are_described_to_anybody(nobody):
    kinds = nobody.get("/v1/notice-types")["items"]
    issued = next(kind for kind in kinds if kind["code"] == "licence.issued")
    assert issued["zh"] == "许可已签发"
    assert set(issued["example"]) >= {"licence_id", "starts_at"}


def test_nobody_without_a_session_gets_in(nobody, subtests):
    for address in (ENDPOINTS, DELIVERIES, "/v1/notices", "/v1/dead-letters"):
        with subtests.test(address=address):
            assert slug(nobody.call("GET", address, expect=401)) == "not-signed-in"


def test_operators_see_dead_letters_and_whose_they_are_but_not_what_they_say(
    parts,
    owner,
    other,
    operator,
    receiver,
):
    browser, organisation_id = owner
    made = browser.post(ENDPOINTS, {"url": receiver.url})["endpoint"]
    receiver.answer = lambda _received: 410
    tell(parts.units, organisation_id=organisation_id)
    send(parts)
    (dead,) = operator.get("/v1/dead-letters")["items"]
    assert (dead["organisation_id"], dead["endpoint_id"], dead["last_status"]) == (
        organisation_id,
        made["id"],
        410,
    )
    assert {"payload", "data", "url"} & set(dead) == set()
    assert operator.get(f"/v1/dead-letters?organisation_id={organisation_id}")["items"] == [dead]
    nobody_else = "org_" + "9" * 26
    assert operator.get(f"/v1/dead-letters?organisation_id={nobody_else}")["items"] == []
    assert slug(browser.call("GET", "/v1/dead-letters", expect=403)) == "permission-missing"


def test_an_event_of_the_exchange_s_own_reaches_an_endpoint(
    parts, owner, receiver, reviewer, clock
):
    browser, organisation_id = owner
    browser.post(ENDPOINTS, {"url": receiver.url, "notice_types": ["organisation.verified"]})
    decision = {
        "decision": "verify",
        "method": "registry_lookup",
        "reason": "The registry shows the same name.",
        "valid_until": clock.now().replace(year=2027).isoformat(),
    }
    reviewer.post(f"/v1/organisations/{organisation_id}/verification", decision)
    send(parts)
    (received,) = receiver.received
    assert received.headers["webhook-id"].startswith("ntc_")
    assert b'"type":"organisation.verified"' in received.body
