"""The public registry over HTTP, and a holder that gives a registration up."""

import pytest

from listings import services
from tests.factories.listings import Market, record_content, record_members
from tests.unit.listings.listings_app import PARTNER, Caller, listings_app


@pytest.fixture
def market(units, clock):
    market = Market(units, clock)
    market.verify(PARTNER.organisation_id, "Partner Ltd", is_supplier=True)
    return market


@pytest.fixture
def call(units, clock, market):
    return Caller(listings_app(units, clock))


@pytest.fixture
def raw(market):
    return market.registered(**record_members(), evidence=record_content()["evidence"])


@pytest.fixture
def made(market, raw):
    derivation = {"kind": "SUBSTANTIAL", "text": "Joined.", "inputs": [raw.registration_id]}
    return market.registered(name="城市画像", principal=PARTNER, derivation=derivation)


def _page(call, registration, **headers):
    return call(None, "GET", f"/v1/registry/{registration.registration_id}", **headers)


def test_anybody_reads_a_registration_with_both_generations_of_words(call, raw):
    page = _page(call, raw, **{"Accept-Language": "zh"})
    assert page["library"] == "REGISTERED"
    assert page["state"] == {"code": "FINAL", "label": "已登记"}
    (right,) = page["rights"]
    assert right["right"] == {
        "code": "OPERATE",
        "label": "数据经营权",
        "former_label": "数据产品经营权",
    }
    assert (right["from"], right["to"]) == ("2025-01-01", "2030-01-01")
    assert page["labels"]["industries"][0]["label"] == "互联网和相关服务"
    assert page["record"]["chain_length"] == 2
    assert page["listing_code"] is None
    assert [each["version_number"] for each in page["versions"]] == [1]


def test_the_page_names_the_other_library_s_code_while_the_product_is_on_sale(call, market):
    version = market.submit(market.draft(market.product()))
    registration = market.finish(market.register(version))
    listing = market.publish(version)
    assert _page(call, registration)["listing_code"] == listing.listing_code
    shown = call(None, "GET", f"/v1/listings/{listing.listing_code}")
    assert (shown["library"], shown["registration_id"]) == (
        "TRADABLE",
        registration.registration_id,
    )
    product = call("supplier", "GET", f"/v1/products/{registration.product_id}")
    assert [each["state"] for each in product["registrations"]] == ["FINAL"]


def test_an_upstream_s_cancellation_shows_on_what_was_made_of_it(call, raw, made):
    assert _page(call, made)["lapsed_origins"] == []
    call(
        "supplier",
        "POST",
        f"/v1/registry/{raw.registration_id}/cancellation",
        {"reason": "The survey was withdrawn."},
        expect=201,
    )
    page = _page(call, made)
    assert page["state"]["code"] == "FINAL"
    assert page["lapsed_origins"] == [raw.registration_id]
    (origin,) = page["origins"]
    assert (origin["state"]["code"], origin["generations"]) == ("CANCELLED", 1)
    upstream = _page(call, raw)
    assert upstream["cancel_reason"] == "The survey was withdrawn."
    assert [each["id"] for each in upstream["descendants"]] == [made.registration_id]


def test_the_registry_is_searched_and_paged(call, raw, made):
    first = call(None, "GET", "/v1/registry?limit=1")
    assert [item["id"] for item in first["items"]] == [made.registration_id]
    second = call(None, "GET", f"/v1/registry?limit=1&cursor={first['next_cursor']}")
    assert [item["id"] for item in second["items"]] == [raw.registration_id]
    found = call(None, "GET", f"/v1/registry?q=画像&holder={PARTNER.organisation_id}")
    assert [item["id"] for item in found["items"]] == [made.registration_id]
    assert call(None, "GET", "/v1/registry?state=CANCELLED")["items"] == []


@pytest.mark.parametrize("query", ["state=GONE", "right=OWN", "holder=x", "kind=CAR", "colour=red"])
def test_what_the_registry_does_not_know_is_named(call, query):
    problem = call(None, "GET", f"/v1/registry?{query}", expect=422)
    assert problem["errors"]


def test_a_registration_is_given_up_by_its_holder_only(call, raw):
    path = f"/v1/registry/{raw.registration_id}/cancellation"
    problem = call("partner", "POST", path, {"reason": "not mine"}, expect=404)
    assert problem["type"] == "/problems#registry-entry-not-found"
    call("buyer", "POST", path, {"reason": "not mine"}, expect=403)
    call("supplier", "POST", path, {}, expect=422)
    call("supplier", "POST", path, {"reason": "enough"}, expect=201)
    problem = call("supplier", "POST", path, {"reason": "again"}, expect=409)
    assert problem["type"] == "/problems#illegal-transition"


def test_what_is_on_sale_is_delisted_first(call, market):
    version = market.submit(market.draft(market.product()))
    registration = market.finish(market.register(version))
    listing = market.publish(version)
    path = f"/v1/registry/{registration.registration_id}/cancellation"
    problem = call("supplier", "POST", path, {"reason": "enough"}, expect=409)
    assert problem["type"] == "/problems#registration-in-use"
    with market.as_exchange() as uow:
        services.take_off_sale(uow, listing_code=listing.listing_code)
    call("supplier", "POST", path, {"reason": "enough"}, expect=201)


def test_nobody_finds_what_is_not_there(call):
    call(None, "GET", "/v1/registry/reg_nothing", expect=404)
