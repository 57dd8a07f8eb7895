"""What every installation answers besides its business: documentation, health, metrics."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client

from app.auditing.trails import RECORDS
from app.core.errors import STATUS, ErrorKind
from app.factory import Application
from app.reactions.recording import entry_types
from app.web.proxies import TrustedProxies
from compliance.review.history import HistoryKind
from ledger.journal.books.postings import TEMPLATES
from ledger.payments.operations import Kind
from listings.vocabulary import codes

PROBLEM = "application/problem+json"


def test_the_interactive_page_needs_no_network(client):
    page = client.get("/docs/")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert address.startswith("/docs/"), address
        assert client.get(address).status_code == 200, address


def test_the_document_is_openapi_3_1_and_describes_every_route(app, document):
    assert document["openapi"] == "3.1.0"
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    routes = {
        (method, re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/v1/", "/log/"))
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes <= described


def test_the_document_is_described_once_however_many_ask_first(app):
    """Describing an operation a second time would be refused as a duplicate."""
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(app.test_client().get, "/docs/openapi.json") for _ in range(4)]
    assert len({each.result().data for each in asked}) == 1


def test_the_document_is_written_once_and_not_sent_to_whoever_has_it(app, client, monkeypatch):
    first = client.get("/docs/openapi.json")
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    monkeypatch.setattr(api.spec, "to_dict", None)
    assert client.get("/docs/openapi.json").data == first.data
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/docs/openapi.json", headers=known)
    assert (again.status_code, again.data) == (304, b"")


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method} {path}", operation


def members(value):
    """Every member at any depth, by name."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


def test_the_document_says_that_errors_are_problems_and_may_have_more_members(document):
    components = document["components"]
    assert set(components["responses"]["DEFAULT_ERROR"]["content"]) == {PROBLEM}
    problem = components["schemas"]["Problem"]
    assert problem["additionalProperties"] is True
    assert set(problem["properties"]) > {"type", "errors"}


def test_patterns_of_the_document_are_those_of_json_schema(document):
    """`\\A` and `\\Z` are letters there, so that no id at all would fit."""
    patterns = {
        value
        for name, value in members(document)
        if name == "pattern" and isinstance(value, str)  # a field of a listing is called so too
    }
    assert "^[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}$" in patterns
    assert [each for each in patterns if re.search(r"\\[AZz]|\(\?P", each)] == []


def test_every_operation_has_a_name_and_says_who_may_use_it(document):
    found = dict(operations(document))
    names = [operation["operationId"] for operation in found.values()]
    assert len(names) == len(set(names))
    assert found["get /v1/listings"]["security"] == []
    assert found["get /v1/wallets"]["x-permission"] == "read_accounts"
    assert "security" not in found["get /v1/wallets"]
    assert found["get /data/{listing_code}"]["security"] == [{"key": []}]


def test_every_operation_says_what_it_does_and_that_it_may_refuse(document):
    found = dict(operations(document))
    assert [name for name, each in found.items() if not each.get("summary")] == []
    refusal = {"$ref": "#/components/responses/DEFAULT_ERROR"}
    assert [
        name for name, each in found.items() if each["responses"].get("default") != refusal
    ] == []


def test_a_thing_calls_its_own_id_id_and_others_by_their_names(document):
    """`TopUp.id`, and `top_up_id` wherever something else means that top-up."""
    schemas = document["components"]["schemas"]
    doubled = []
    for name, schema in schemas.items():
        thing = re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Summary").removesuffix("Detail"))
        doubled += [
            f"{name}.{member}"
            for member in schema.get("properties", {})
            if member.endswith("_id") and f"_{thing.lower()}".endswith(f"_{member[:-3]}")
        ]
    assert doubled == []


def test_what_is_on_or_off_says_so_and_what_has_more_states_names_them(document):
    """`is_…` is a boolean and `state` a word; a `status` is one of HTTP's."""
    schemas = document["components"]["schemas"]
    found = {
        (member, str(schema["properties"][member].get("type")))
        for schema in schemas.values()
        for member in schema.get("properties", {})
        if member.startswith("is_") or member in {"state", "status"}
    }
    kinds = {
        "is": {kind for member, kind in found if member.startswith("is_")},
        "status": {kind for member, kind in found if member == "status"},
    }
    assert kinds["is"] <= {"boolean", "['boolean', 'null']"}
    assert kinds["status"] <= {"integer", "['integer', 'null']"}
    two_valued = {
        name
        for name, schema in schemas.items()
        if len(schema.get("properties", {}).get("state", {}).get("enum", "...")) == 2
    }
    # Steps of a way, of which the second is not the first's opposite.
    assert two_valued == {"Entitlement", "EntitlementDetail", "Order", "SettlementRun"}


def test_a_state_lists_what_it_can_be(document):
    """A state that is no plain text is labelled by a vocabulary, which `/v1/vocabularies` lists."""
    schemas = document["components"]["schemas"]
    states = {
        f"{name}.{member}": shape
        for name, schema in schemas.items()
        for member, shape in schema.get("properties", {}).items()
        if member == "state" or member.endswith("_state")
    }
    texts = {name: shape for name, shape in states.items() if "string" in shape.get("type", ())}
    assert len(texts) > 50
    assert [name for name, shape in texts.items() if not shape.get("enum")] == []
    order = texts["Order.state"]
    assert (order["type"], order["enum"]) == ("string", ["PLACED", "ACTIVE"])
    assert None in texts["ProductDetail.listing_state"]["enum"]
    labelled = {shape.get("$ref") for name, shape in states.items() if name not in texts}
    assert labelled == {"#/components/schemas/Labelled"}


TRAIL_KINDS = set(re.findall(r"'(?:compliance|accounts)', '(\w+)'", RECORDS))
"""What a trail's own statement calls the records of rooms that keep no list of kinds."""


@pytest.mark.parametrize(
    ("member", "values"),
    [
        ("Dispute.decision", {"none", "part", "whole", None}),
        ("PaymentOperation.kind", {"payment", "refund", "transfer", "reversal"}),
        ("HistoryEvent.kind", {*HistoryKind}),
        ("ListedEvidence.kind", {*codes("evidence_kinds")}),
        ("Panel.kind", {"CASE", "REVOCATION", "APPEAL", "SCENARIO"}),
        ("Pool.kind", {"trial", "free", "included", "priced"}),
        ("QualitySample.kind", {"FILE", "CALLS"}),
        ("Speciality.kind", {"SCENE", "LAW"}),
        ("TrailRecord.source", {"log", "journal", "compliance", "accounts", "payments"}),
        ("LogEntry.type", entry_types()),
        ("TrailRecord.kind", {*entry_types(), *TEMPLATES, *Kind, *TRAIL_KINDS}),
        ("UsageEvent.outcome", {"hit", "miss", "rows", "units"}),
        ("Verification.decision", {"verify", "refuse"}),
        ("WriteOff.state", {"proposed", "written_off", "recovered", "declined"}),
    ],
)
def test_a_kind_and_a_decision_list_what_they_can_be(document, member, values):
    name, _, shown = member.partition(".")
    schema = document["components"]["schemas"][name]
    assert set(schema["properties"][shown]["enum"]) == values


def test_whatever_comes_in_pages_takes_the_cursor_back(document):
    """An answer's cursor is bound by the query's schema, so one is no use without the other."""
    schemas = document["components"]["schemas"]

    def has(schema, name):
        place = schema.get("$ref", "").rpartition("/")[2]
        return name in schemas.get(place, schema).get("properties", {})

    paged = {"gives": set(), "takes": set()}
    for name, operation in operations(document):
        answer = operation["responses"].get("200", {}).get("content", {})
        body = operation.get("requestBody", {}).get("content", {})
        if has(answer.get("application/json", {}).get("schema", {}), "next_cursor"):
            paged["gives"].add(name)
        asked = {each.get("name") for each in operation.get("parameters", [])}
        if "cursor" in asked or has(body.get("application/json", {}).get("schema", {}), "cursor"):
            paged["takes"].add(name)
    assert paged["gives"] == paged["takes"]
    assert len(paged["gives"]) > 60


def test_every_success_says_what_it_consists_of(document):
    found = operations(document)
    silent = {
        f"{name} {status}"
        for name, operation in found
        for status, answer in operation["responses"].items()
        if status.startswith("2") and status != "204" and "content" not in answer
    }
    assert silent == set()


def test_creating_routes_say_that_they_need_a_key(document):
    parameters = document["paths"]["/v1/orders"]["post"]["parameters"]
    assert [p["name"] for p in parameters if p["in"] == "header"] == ["Idempotency-Key"]


def test_the_root_leads_to_the_documentation(client):
    assert client.get("/").headers["Location"] == "/docs/"


def test_the_type_of_a_problem_resolves_to_its_entry(client):
    address, slug = client.get("/v1/wallets").json["type"].split("#")
    page = client.get(address)
    assert page.status_code == 200
    assert f"### {slug}" in page.text or f"### `{slug}`" in page.text


def test_alive_and_ready(client):
    assert client.get("/healthz").json == {"status": "alive"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["parts"]["database"]) == (200, True)


def test_not_ready_says_which_part(app, client):
    def away():
        raise ConnectionError

    app.extensions["counterfoil.readiness"]["database"] = away
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["parts"]) == (503, {"database": False})


def test_metrics_are_for_loopback_unless_a_token_is_set(app, client):
    client.get("/healthz")
    families = {
        family.name for family in text_string_to_metric_families(client.get("/metrics").text)
    }
    assert "counterfoil_requests" in families
    assert {"counterfoil_webhooks_waiting", "counterfoil_effects_dead"} <= families
    assert {"counterfoil_log_waiting", "counterfoil_log_stopped"} <= families
    assert {"counterfoil_calls_recorded", "counterfoil_deliveries_failed_this_hour"} <= families
    stranger = client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert (stranger.status_code, stranger.content_type) == (404, PROBLEM)
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        assert client.get("/metrics", headers={header: "192.0.2.1"}).status_code == 404
    app.extensions["counterfoil.metrics_token"] = "scrape-me"
    assert client.get("/metrics").status_code == 404
    scraped = client.get("/metrics", headers={"Authorization": "Bearer scrape-me"})
    assert scraped.status_code == 200


def test_a_request_keeps_its_id_and_a_malformed_one_gets_another(client):
    kept = client.get("/healthz", headers={"X-Request-Id": "caller-chosen-1"})
    assert kept.headers["X-Request-Id"] == "caller-chosen-1"
    replaced = client.get("/healthz", headers={"X-Request-Id": "no spaces allowed"})
    assert replaced.headers["X-Request-Id"].startswith("req_")


def requests_left(answer):
    name, left, seconds = answer.headers["RateLimit"].split(";")
    assert name == '"requests"'
    assert 0 < int(seconds.removeprefix("t=")) <= 60
    return int(left.removeprefix("r="))


def test_every_answer_says_how_many_requests_are_left_as_metered_calls_do(client):
    answer = client.get("/v1/listings")
    assert answer.headers["RateLimit-Policy"] == '"requests";q=1200;w=60'
    assert 0 <= requests_left(answer) < 1200
    assert not [name for name, _ in answer.headers if "Limiter" in name or name == "Retry-After"]


def test_a_forged_forwarding_header_does_not_change_whom_a_limit_counts(client):
    forged = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(2)]
    seen = [requests_left(client.get("/v1/listings", headers=each)) for each in forged]
    assert seen[1] == seen[0] - 1


def test_one_address_is_counted_as_one_however_many_connections_it_opens(app):
    """The loop's server names the port with the address, and each connection has another one."""
    serve = Application(app, data_plane=None, proxies=TrustedProxies([]))
    seen = []
    for port in (50001, 50002):
        peer = {"REMOTE_ADDR": f"192.0.2.9:{port}"}
        seen.append(requests_left(Client(serve).get("/v1/listings", environ_base=peer)))
    assert seen[1] == seen[0] - 1


def test_the_addresses_that_one_customer_may_change_at_will_are_counted_as_one(client):
    def left_for(address):
        return requests_left(client.get("/v1/listings", environ_base={"REMOTE_ADDR": address}))

    first = left_for("2001:db8:1:2::1")
    assert left_for("2001:db8:1:2:ffff::9") == first - 1
    assert left_for("2001:db8:1:3::1") == first


def test_an_answer_for_somebody_is_kept_by_nobody(client):
    somebody = {"Authorization": "Bearer nobody"}
    for_somebody = [
        client.get("/v1/wallets", headers=somebody),
        client.get("/v1/listings", headers=somebody),
        client.post("/v1/sessions", json={}),
    ]
    assert {answer.headers["Cache-Control"] for answer in for_somebody} == {"no-store"}
    for_all = client.get("/v1/listings")
    assert "Cache-Control" not in for_all.headers
    answers = [for_all, *for_somebody]
    assert {answer.headers["X-Content-Type-Options"] for answer in answers} == {"nosniff"}


@pytest.mark.parametrize(
    ("address", "refusal"), [("/v1/sessions", 422), ("/v1/second-factor", 401)]
)
def test_who_is_refused_before_a_route_is_counted_by_its_own_limit(client, address, refusal):
    """A body that cannot be read, and a request without a sign-in, cost work as well."""
    peer = {"REMOTE_ADDR": "192.0.2.77"}
    answers = [client.post(address, json={}, environ_base=peer) for _ in range(61)]
    assert [answers[0].status_code, answers[-1].status_code] == [refusal, 429]
    assert requests_left(answers[0]) < 60


@pytest.mark.parametrize("path", ["/v1//listings", "//v1/listings"])
def test_an_address_with_a_doubled_slash_is_none(client, path):
    # As a server has it: the client would take what follows two slashes for a host.
    answer = client.get("/v1/listings", environ_overrides={"PATH_INFO": path})
    assert (answer.status_code, answer.content_type) == (404, PROBLEM)


def test_every_kind_of_error_has_a_status():
    assert set(STATUS) == set(ErrorKind)
