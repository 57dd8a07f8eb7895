"""A buyer finds a template, sees what a product is made for, and declares a use from it."""

import pytest

from tests.factories.compliance import CLEAR, everybody_over_http

OWN = {
    "sector": "TRANSPORT",
    "regions": ["31"],
    "calls_max": 10,
    "calls_per_second": 1,
    "starts_at": "2026-11-21T00:00:00.000000Z",
    "recipients": [],
    "language": "en",
}
PATH = "/v1/scenario-templates/LOGISTICS_PLANNING/scenarios"


@pytest.fixture
def exchange(app):
    return everybody_over_http(app)


@pytest.fixture
def code(exchange):
    return exchange.list_product()


def test_a_use_declared_from_a_template_is_decided_like_any_other(exchange, code):
    found = exchange.get("nobody", f"/v1/scenario-templates?listing_code={code}")
    assert (found["version"], found["confirmed"]) == (1, False)
    assert "LOGISTICS_PLANNING" in {each["id"] for each in found["items"]}
    (own,) = exchange.get("nobody", f"/v1/listings/{code}/scenario-templates")["items"]
    assert own["purpose"] == "LOGISTICS"
    assert own["template_ids"] == ["LOGISTICS_PLANNING"]
    made = exchange.post("buyer", PATH, OWN | {"listing_code": code})
    content = made["content"]
    assert content["template"] == {"id": "LOGISTICS_PLANNING", "version": 1}
    assert [each["name"] for each in content["fields"]] == own["fields"]
    assert content["ends_at"] == "2027-11-21T00:00:00.000000Z"
    # Within a use that the product was reviewed with, so nothing weighs.
    assert (made["depth"], made["risk_factors"]) == ("ONE", {})
    decision = {"answers": CLEAR, "decision": "approve", "reason": "As the template."}
    decided = exchange.post("first", f"/v1/scenarios/{made['id']}/decision", decision)
    assert decided["state"] == "ACTIVE"


def test_what_is_missing_is_named_member_by_member(exchange, code):
    problem = exchange.refused(
        "buyer", PATH, {"listing_code": code}, slug="validation-error", expect=422
    )
    named = {each["pointer"] for each in problem["errors"]}
    missing = {"sector", "regions", "calls_max", "calls_per_second", "starts_at", "ends_at"}
    assert named == {f"#/{name}" for name in {*missing, "recipients"}}
    problem = exchange.refused("buyer", PATH, OWN, slug="validation-error", expect=422)
    assert [each["pointer"] for each in problem["errors"]] == ["#/listing_code"]


def test_a_template_beyond_the_listing_is_refused(exchange, code):
    path = "/v1/scenario-templates/CREDIT_DECISION/scenarios"
    fields = [{"name": "name", "reason": "Shown."}]
    problem = exchange.refused(
        "buyer",
        path,
        OWN | {"listing_code": code, "fields": fields},
        slug="scenario-outside-listing",
        expect=422,
    )
    assert [each["pointer"] for each in problem["errors"]] == ["#/purpose"]


def test_templates_and_listings_that_do_not_exist_are_not_found(exchange, code):
    assert exchange.get("nobody", "/v1/scenario-templates/IDENTITY_CHECK")["purpose"] == "KYC"
    answers = [
        exchange.client.get("/v1/scenario-templates/NO_SUCH"),
        exchange.client.get("/v1/scenario-templates?listing_code=1000000009-0123456789"),
        exchange.client.get("/v1/listings/1000000009-0123456789/scenario-templates"),
    ]
    assert [each.status_code for each in answers] == [404, 404, 404]
    exchange.refused(
        "buyer",
        "/v1/scenario-templates/NO_SUCH/scenarios",
        OWN | {"listing_code": code},
        slug="scenario-template-not-found",
        expect=404,
    )
