"""A data contract sent and read over HTTP."""

import itertools

import pytest

from tests.factories.listings import Market, draft_version
from tests.unit.listings.listings_app import Caller, listings_app
from tests.unit.listings.test_contracts import YAML

_keys = itertools.count()


@pytest.fixture
def app(units, clock):
    Market(units, clock)
    return listings_app(units, clock)


@pytest.fixture
def call(app):
    return Caller(app)


@pytest.fixture
def product(call):
    return call("supplier", "POST", "/v1/products", {"name": "城市"}, expect=201)["id"]


def _send(app, product, text, *, who="supplier", content_type="application/yaml"):
    return app.test_client().post(
        f"/v1/products/{product}/contracts",
        data=text.encode(),
        headers={
            "Authorization": who,
            "Content-Type": content_type,
            "Idempotency-Key": f"contract-{next(_keys)}",
        },
    )


def test_a_yaml_contract_makes_the_next_version_and_names_what_it_leaves(app, call, product):
    answer = _send(app, product, YAML)
    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    assert made["state"] == "DRAFT"
    assert made["content"]["fields_out"][0]["name"] == "name"
    assert made["offers"][0]["plans"][0]["terms"]["unit_price"] == "0.40000000"
    assert "#/team" in [part["pointer"] for part in made["ignored"]]
    assert call("supplier", "GET", f"/v1/products/{product}/versions/1")["content"]


def test_a_version_read_as_a_contract_makes_the_same_version_again(app, call, product):
    draft = draft_version()
    del draft["upstream"]["credential"], draft["upstream"]["credential_header"]
    call("supplier", "POST", f"/v1/products/{product}/versions", draft, expect=201)
    path = f"/v1/products/{product}/versions/1"
    contract = app.test_client().get(f"{path}/contract", headers={"Authorization": "supplier"})
    other = call("supplier", "POST", "/v1/products", {"name": "又一"}, expect=201)["id"]
    answer = _send(app, other, contract.text, content_type="application/json")
    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    assert made["ignored"] == []
    assert made["content"] == call("supplier", "GET", path)["content"]


def test_contradictions_are_named_by_their_place_in_the_contract(app, product):
    twice = YAML.replace("name: share", "name: name")
    problem = _send(app, product, twice)
    assert problem.status_code == 422
    assert problem.get_json()["type"] == "/problems#contract-invalid"
    assert [error["pointer"] for error in problem.get_json()["errors"]] == [
        "#/schema/1/properties/0/name",
        "#/schema/1/properties/1/name",
    ]


def test_what_is_no_contract_makes_no_draft(app, call, product):
    problem = _send(app, product, "a: &x 1")
    assert problem.status_code == 422
    assert problem.get_json()["type"] == "/problems#contract-unreadable"
    assert call("supplier", "GET", f"/v1/products/{product}")["versions"] == []


def test_a_contract_is_for_one_s_own_product(app, product):
    assert _send(app, product, YAML, who="stranger").status_code == 404
    assert _send(app, product, YAML, who="buyer").status_code == 403
