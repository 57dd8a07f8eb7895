"""The catalogue in the whole application: reachable, documented, closed where it must be."""

import pytest


def test_the_catalogue_is_open_to_everybody(client):
    answer = client.get("/v1/listings", headers={"Accept-Language": "zh"})
    assert answer.status_code == 200
    assert answer.json["items"] == []
    assert answer.json["total_count"] == 0
    assert answer.headers["Content-Language"] == "zh"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/products"),
        ("POST", "/v1/products"),
        ("GET", "/v1/orders"),
        ("POST", "/v1/orders"),
        ("GET", "/v1/agreements/agr_x"),
        ("POST", "/v1/listings/1000000001-0000000000/delisting"),
    ],
)
def test_everything_else_needs_a_session(client, method, path):
    answer = client.open(path, method=method, json={}, headers={"Idempotency-Key": "key"})
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems#not-signed-in"


def test_the_routes_are_documented_beside_the_other_rooms(document):
    assert {"/v1/listings", "/v1/orders", "/v1/vocabularies"} <= set(document["paths"])
