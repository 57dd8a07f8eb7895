"""Products, versions and the catalogue over HTTP, with bad input refused as problems."""

import pytest

from app.core.reach import Reach
from listings import services
from tests.factories.listings import (
    SUPPLIER_ID,
    Market,
    draft_version,
    version_content,
    version_offers,
)
from tests.unit.listings.listings_app import Caller, listings_app


@pytest.fixture
def market(units, clock):
    return Market(units, clock)


@pytest.fixture
def app(units, clock):
    return listings_app(units, clock)


@pytest.fixture
def call(app, market):
    return Caller(app)


@pytest.fixture
def versions(call):
    product = call("supplier", "POST", "/v1/products", {"name": "城市信息查询"}, expect=201)
    return f"/v1/products/{product['id']}/versions"


@pytest.fixture
def listing(call, versions, units):
    call("supplier", "POST", versions, draft_version(), expect=201)
    version = call("supplier", "POST", f"{versions}/1/submission", expect=201)
    with units.begin(Reach.EXCHANGE) as uow:
        services.publish_listing(
            uow, version_id=version["id"], dossier_hash=version["dossier_hash"]
        )
        uow.commit()
    return f"/v1/listings/{version['listing_code']}"


def _pointers(problem):
    return [error["pointer"] for error in problem["errors"]]


def test_a_product_is_registered_and_shown_to_its_supplier(call):
    made = call("supplier", "POST", "/v1/products", {"name": "城市信息查询"}, expect=201)
    assert made["supplier_id"] == SUPPLIER_ID
    shown = call("supplier", "GET", f"/v1/products/{made['id']}")
    assert shown == {
        **made,
        "listing_state": None,
        "registrations": [],
        "origin": None,
        "versions": [],
    }
    page = call("supplier", "GET", "/v1/products?limit=1")
    assert [item["id"] for item in page["items"]] == [made["id"]]


def test_products_are_found_by_the_state_of_a_version(call):
    with_draft, without = (
        call("supplier", "POST", "/v1/products", {"name": name}, expect=201)["id"]
        for name in ("城市信息", "空产品")
    )
    call("supplier", "POST", f"/v1/products/{with_draft}/versions", draft_version(), expect=201)
    found = call("supplier", "GET", "/v1/products?state=DRAFT")["items"]
    assert [item["id"] for item in found] == [with_draft]
    assert call("supplier", "GET", "/v1/products?state=LISTED")["items"] == []
    everything = call("supplier", "GET", "/v1/products")["items"]
    assert {item["id"] for item in everything} == {with_draft, without}
    refused = call("supplier", "GET", "/v1/products?state=GONE", expect=422)
    assert "Must be one of: DRAFT, SUBMITTED" in refused["errors"][0]["detail"]


def test_another_supplier_does_not_find_the_product(call):
    made = call("supplier", "POST", "/v1/products", {"name": "a"}, expect=201)
    problem = call("stranger", "GET", f"/v1/products/{made['id']}", expect=404)
    assert problem["type"] == "/problems#product-not-found"
    assert call("stranger", "GET", "/v1/products")["items"] == []


def test_a_buyer_offers_no_products(call):
    problem = call("buyer", "POST", "/v1/products", {"name": "a"}, expect=403)
    assert problem["type"] == "/problems#permission-missing"
    call(None, "POST", "/v1/products", {"name": "a"}, expect=401)


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 31}, {"name": 1}, {"name": "a", "owner": "b"}, [], None, 3],
)
def test_a_product_needs_a_name_and_nothing_else(call, body):
    call("supplier", "POST", "/v1/products", body, expect=422)


def test_a_draft_comes_back_as_it_was_written_without_its_secret(call, versions):
    made = call("supplier", "POST", versions, draft_version(), expect=201)
    assert made["content"] == version_content()
    assert (made["state"], made["version_number"], made["has_credential"]) == ("DRAFT", 1, True)
    shown = call("supplier", "GET", f"{versions}/1")
    assert shown == made
    assert "s3cret" not in str(shown)
    assert shown["offers"][0]["plans"][0]["terms"] == {
        "kind": "per_call",
        "unit": "call",
        "unit_price": "0.40000000",
        "free_units": 0,
        "currency": "CNY",
        "calls_per_second": 50,
    }


def test_a_draft_is_replaced_and_amended_until_it_is_submitted(call, versions):
    call("supplier", "POST", versions, {"name": "a"}, expect=201)
    replaced = call("supplier", "PUT", f"{versions}/1", {"name": "b", "summary": "s"})
    assert replaced["content"] == {"name": "b", "summary": "s"}
    amended = call("supplier", "PATCH", f"{versions}/1", {"summary": "t"})
    assert amended["content"] == {"name": "b", "summary": "t"}
    call("supplier", "PUT", f"{versions}/1", {"summary": "no name"}, expect=422)
    call("supplier", "PUT", f"{versions}/1", draft_version())
    call("supplier", "POST", f"{versions}/1/submission", expect=201)
    problem = call("supplier", "PATCH", f"{versions}/1", {"summary": "u"}, expect=409)
    assert problem["type"] == "/problems#version-immutable"


def test_an_incomplete_draft_is_told_what_is_missing(call, versions):
    call("supplier", "POST", versions, {"name": "a"}, expect=201)
    problem = call("supplier", "POST", f"{versions}/1/submission", expect=422)
    assert problem["type"] == "/problems#version-incomplete"
    assert "#/source_statement" in _pointers(problem)


BAD_PARTS = {
    "float money": {
        "offers": [
            {"name": "A", "plans": [{"kind": "per_call", "unit": "call", "unit_price": 0.4}]}
        ]
    },
    "negative money": {
        "offers": [
            {"name": "A", "plans": [{"kind": "per_call", "unit": "call", "unit_price": "-1"}]}
        ]
    },
    "nine places": {
        "offers": [
            {
                "name": "A",
                "plans": [{"kind": "per_call", "unit": "call", "unit_price": "0.000000001"}],
            }
        ]
    },
    "unknown plan kind": {
        "offers": [{"name": "A", "plans": [{"kind": "auction", "unit": "call"}]}]
    },
    "unknown code": {"sectors": ["MOON"]},
    "a code twice": {"sectors": ["CITY", "CITY"]},
    "four sectors": {"sectors": ["CITY", "HEALTH", "GREEN", "BRAND"]},
    "six keywords": {"keywords": ["a", "b", "c", "d", "e", "f"]},
    "long summary": {"summary": "x" * 151},
    "bad region": {"regions": ["china"]},
    "bad retention": {"retention": "FIXED:0"},
    "bad date": {"rights": [{"right": "USE", "basis": "original", "from": "2026-02-30"}]},
    "bad hash": {
        "evidence": [
            {"kind": "A_B", "title": "t", "issuer": "i", "valid_from": "2026-01-01", "sha256": "AB"}
        ]
    },
    "float in a sample": {"sample": [{"code": 1.5}]},
    "list in a sample": {"sample": [{"code": ["a"]}]},
    "row that is none": {"sample": ["a"]},
    "float example": {"fields_out": [{"name": "a", "type": "decimal", "example": 0.5}]},
    "text for a boolean": {"fields_in": [{"name": "a", "type": "string", "required": "perhaps"}]},
    "an answer beyond what is passed on": {
        "upstream": {"url": "https://a.example/", "response_bytes_max": 1_048_577}
    },
    "timeout of a day": {"upstream": {"url": "https://a.example/", "timeout_ms": 86_400_000}},
    "unknown method": {"upstream": {"url": "https://a.example/", "method": "DELETE"}},
    "unknown member": {"upstream": {"url": "https://a.example/", "proxy": "b"}},
    "rule with two ways": {"outcome_rule": {"hit": {"field": "/a", "equals": 1, "in": [1]}}},
    "rule without a pointer": {"outcome_rule": {"hit": {"field": "a.b", "equals": 1}}},
    "rule with a float": {"outcome_rule": {"hit": {"field": "/a", "equals": 0.1}}},
    "rule with code": {"outcome_rule": {"eval": "1"}},
    "offers that are none": {"offers": "free"},
}


@pytest.mark.parametrize("part", sorted(BAD_PARTS))
def test_bad_parts_of_a_draft_are_refused_with_their_place(call, versions, part):
    problem = call("supplier", "POST", versions, {"name": "a", **BAD_PARTS[part]}, expect=422)
    assert _pointers(problem)[0].startswith(f"#/{next(iter(BAD_PARTS[part]))}")


@pytest.mark.parametrize("number", ["0", "2", "9" * 30, "-1", "a", "1.5"])
def test_a_version_that_there_is_not_is_not_found(call, versions, number):
    call("supplier", "POST", versions, {"name": "a"}, expect=201)
    call("supplier", "GET", f"{versions}/{number}", expect=404)


def test_creating_needs_an_idempotency_key_and_is_done_once(app, call):
    client = app.test_client()
    headers = {"Authorization": "supplier"}
    assert client.post("/v1/products", json={"name": "a"}, headers=headers).status_code == 400
    headers["Idempotency-Key"] = "once"
    first = client.post("/v1/products", json={"name": "a"}, headers=headers)
    again = client.post("/v1/products", json={"name": "a"}, headers=headers)
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert len(call("supplier", "GET", "/v1/products")["items"]) == 1
    assert client.post("/v1/products", json={"name": "b"}, headers=headers).status_code == 422


def test_a_listing_s_page_shows_everything_and_hides_the_upstream(call, listing):
    page = call(None, "GET", listing)
    assert page["title"] == "City information query"
    assert page["supplier"] == {"id": SUPPLIER_ID, "name": "Supplier Ltd"}
    assert page["fields_in"][0]["example"] == "310***"
    assert page["fields_out"][0]["coded_values"] == [
        {"code": "01", "label": "match"},
        {"code": "02", "label": "no match"},
        {"code": "03", "label": "none"},
    ]
    assert page["sample"] == version_content()["sample"]
    assert [plan["terms"]["kind"] for plan in page["plans"]] == ["per_call", "package"]
    assert page["plans"][1]["unit_amount"] == "0.30000000"
    assert page["lowest_price"] == {"amount": "0.30000000", "currency": "CNY"}
    assert page["conditions"]["retention"]["label"] == "Within the term of the agreement"
    assert [proof["kind"] for proof in page["evidence"]] == ["SYSTEM_DESCRIPTION"]
    assert page["outcome_rule"] == {"hit": {"field": "/code", "equals": "01"}}
    assert "upstream" not in str(page).replace("upstream's", "")


@pytest.mark.parametrize(
    ("preferred", "language", "label", "title"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.5", "zh", "一致", "城市信息查询"),
        ("en-GB", "en", "match", "City information query"),
        ("fr", "en", "match", "City information query"),
    ],
)
def test_labels_are_in_the_reader_s_language(app, call, listing, preferred, language, label, title):
    answer = app.test_client().get(listing, headers={"Accept-Language": preferred})
    assert answer.headers["Content-Language"] == language
    assert answer.headers["Vary"] == "Accept-Language"
    assert answer.json["fields_out"][0]["coded_values"][0]["label"] == label
    assert answer.json["title"] == title


def test_the_catalogue_finds_and_counts(call, listing):
    found = call(None, "GET", "/v1/listings?q=城市&sector=CITY&sector=HEALTH&kind=DATA_SERVICE_API")
    assert [item["listing_code"] for item in found["items"]] == [listing.rsplit("/", 1)[1]]
    assert found["total_count"] == 1
    assert found["facets"]["supplier"] == [
        {"value": SUPPLIER_ID, "label": "Supplier Ltd", "count": 1}
    ]
    assert {"value": "CITY", "label": "City governance", "count": 1} in found["facets"]["sector"]
    assert call(None, "GET", "/v1/listings?q=汽车")["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        "sector=MOON",
        "limit=0",
        "limit=101",
        "limit=x",
        "sort=cheapest",
        "cursor=%00",
        "cursor=abc",
        "cursor=" + "a" * 201,
        "q=" + "x" * 101,
        "supplier=me",
        "colour=red",
        "&".join("topic=SUBJECT" for _ in range(11)),
    ],
)
def test_a_bad_query_is_refused(call, query):
    status = 400 if "%00" in query else 422
    problem = call(None, "GET", f"/v1/listings?{query}", expect=status)
    assert problem["status"] == status


@pytest.mark.parametrize("code", ["x", "1000000001-0000000000", "1000000001-0000000001", "%E5"])
def test_a_code_that_is_no_listing_s_is_not_found(call, code):
    call(None, "GET", f"/v1/listings/{code}", expect=404)
    call(None, "GET", f"/v1/listings/{code}/similar", expect=404)


def test_a_code_is_read_in_small_letters_too(call, listing):
    assert call(None, "GET", listing.lower())["listing_code"] == listing.rsplit("/", 1)[1]


def test_a_supplier_delists_and_the_page_is_gone(call, listing, units):
    call("stranger", "POST", f"{listing}/delisting", expect=404)
    call("buyer", "POST", f"{listing}/delisting", expect=403)
    asked = call("supplier", "POST", f"{listing}/delisting", expect=201)
    with units.begin(Reach.EXCHANGE) as uow:
        services.take_off_sale(uow, listing_code=asked["listing_code"])
        uow.commit()
    call(None, "GET", listing, expect=404)
    problem = call("supplier", "POST", f"{listing}/delisting", expect=409)
    assert problem["type"] == "/problems#illegal-transition"


def test_vocabularies_are_public_and_labelled(call):
    words = call(None, "GET", "/v1/vocabularies", **{"Accept-Language": "zh"})["vocabularies"]
    assert {"code": "TRANSPORT", "label": "交通运输", "parent": None} in words["sectors"]


def test_similar_listings_are_cards(call, listing):
    assert call(None, "GET", f"{listing}/similar") == {"items": []}


def test_every_route_is_in_the_openapi_document(app):
    document = app.extensions["listings.document"].to_dict()
    assert "/v1/products/{product_id}/versions/{version_number}/submission" in document["paths"]
    assert "CataloguePage" in document["components"]["schemas"]


def test_offers_in_the_factory_have_two_plans():
    assert len(version_offers()[0]["plans"]) == 2


@pytest.mark.parametrize(
    ("format_", "kind"),
    [("dcat", "dcat:Dataset"), ("odrl", "Offer"), ("croissant", "sc:Dataset")],
)
def test_anybody_takes_a_listing_away_in_the_words_of_a_standard(app, listing, format_, kind):
    answer = app.test_client().get(f"{listing}/{format_}")
    assert (answer.status_code, answer.content_type) == (200, "application/ld+json")
    document = answer.get_json(force=True)
    assert document["@type"] == kind
    assert listing in str(document)


def test_a_listing_that_is_not_there_is_exported_by_nobody(app):
    answer = app.test_client().get("/v1/listings/1000000001-0123456789/odrl")
    assert answer.status_code == 404


def test_the_page_shows_the_registration_record(call, versions, units):
    more = {
        "industries": ["I"],
        "modalities": ["TABULAR"],
        "service_level": {"availability_bp": 9_900},
        "delivery_grade": "S3",
    }
    call("supplier", "POST", versions, {**draft_version(), **more}, expect=201)
    version = call("supplier", "POST", f"{versions}/1/submission", expect=201)
    with units.begin(Reach.EXCHANGE) as uow:
        services.publish_listing(
            uow, version_id=version["id"], dossier_hash=version["dossier_hash"]
        )
        uow.commit()
    page = call(None, "GET", f"/v1/listings/{version['listing_code']}")
    assert page["modalities"][0]["code"] == "TABULAR"
    assert page["service_level"] == {"availability_bp": 9_900}
    assert page["delivery_grade"]["code"] == "S3"
    assert page["scenario_templates"][0]["purpose"]["code"] == "RESEARCH"
