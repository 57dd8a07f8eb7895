"""A reviewer says what they know, and the queue, their colleagues and the operator see it."""

import pytest

from tests.factories.compliance import everybody_over_http

MINE = "/v1/reviewer-specialities/mine"


@pytest.fixture
def exchange(app):
    return everybody_over_http(app)


def put(exchange, who, *codes):
    return exchange.client.put(
        MINE, json={"specialities": list(codes)}, headers={"Authorization": who}
    )


def test_the_queue_is_asked_for_what_is_mine(exchange):
    exchange.submit()
    exchange.admit(exchange.case())
    known = {each["code"] for each in exchange.get("nobody", "/v1/specialities")["items"]}
    assert {"TRANSPORT", "PERSONAL_INFORMATION"} <= known
    assert exchange.get("first", MINE) == {
        "person_id": "psn_first", "specialities": [], "registered_at": None,
    }  # fmt: skip
    assert put(exchange, "first", "FINANCE").status_code == 200
    assert exchange.get("first", "/v1/review-cases?is_for_me=true")["items"] == []
    assert put(exchange, "first", "FINANCE", "TRANSPORT").get_json()["specialities"] == [
        "FINANCE",
        "TRANSPORT",
    ]
    assert len(exchange.get("first", "/v1/review-cases?is_for_me=true")["items"]) == 1
    found = exchange.get("second", "/v1/reviewer-specialities?speciality=TRANSPORT")["items"]
    assert [each["person_id"] for each in found] == ["psn_first"]


def test_only_what_there_is_can_be_known_and_only_by_a_reviewer(exchange):
    refused = put(exchange, "first", "ASTROLOGY", "FINANCE")
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.get_json()["errors"]] == ["#/specialities/0"]
    assert put(exchange, "first", "FINANCE", "FINANCE").status_code == 422
    for who in ("buyer", "supplier", "officer", "panel1"):
        assert put(exchange, who, "FINANCE").status_code == 403
    assert put(exchange, "nobody", "FINANCE").status_code == 401
