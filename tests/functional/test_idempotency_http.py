"""Idempotency-Key over HTTP: one effect, one response, whatever fails in between."""

import threading

import pytest
from sqlalchemy import text

from app.core import idempotency
from app.core.reach import Reach

REGISTRATION = {
    "name": "Skyways",
    "uscc": "91000000MA0000001R",
    "is_supplier": True,
    "is_buyer": False,
    "person": {"email": "a@b.example", "name": "A", "password": "correct horse battery"},
}


def register(client, key="key-1", **changes):
    return client.post(
        "/v1/organisations", json=REGISTRATION | changes, headers={"Idempotency-Key": key}
    )


def organisations(parts):
    with parts.units.begin(Reach.EXCHANGE) as uow:
        return uow.session.scalar(text("SELECT count(*) FROM organisations"))


def test_a_repeated_request_is_answered_the_same_and_done_once(client, parts):
    first, again = register(client), register(client)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert organisations(parts) == 1


def test_the_same_key_with_another_body_is_refused(client):
    register(client)
    refused = register(client, name="Other")
    assert refused.status_code == 422
    assert refused.json["type"] == "/problems#idempotency-key-reused"


def test_a_refused_request_stores_nothing_and_may_be_corrected(client, parts):
    assert register(client, uscc="91000000MA0000001X").status_code == 422
    assert register(client).status_code == 201
    assert organisations(parts) == 1


def test_an_effect_whose_response_cannot_be_stored_did_not_happen(client, parts, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "store", fail)
        failed = register(client)
    assert failed.status_code == 500
    assert failed.content_type == "application/problem+json"
    assert organisations(parts) == 0
    assert register(client).status_code == 201


def test_stored_answers_are_encrypted(client, parts):
    register(client)
    with parts.units.begin(Reach.EXCHANGE) as uow:
        body = uow.session.scalar(text("SELECT body FROM idempotent_responses"))
    assert b"Skyways" not in body


@pytest.mark.parametrize("key", ["", " ", "x" * 129, "tab\there", "ключ"])
def test_a_key_that_is_no_key_is_refused(client, key):
    assert register(client, key=key).status_code == 400


@pytest.mark.parametrize("other", ["key-2", "key-1"])
def test_two_keys_are_refused_and_not_joined_into_one(client, parts, other):
    lines = [("Idempotency-Key", "key-1"), ("Idempotency-Key", other)]
    refused = client.post("/v1/organisations", json=REGISTRATION, headers=lines)
    joined = register(client, key=f"key-1,{other}")  # as servers of the event loop hand them on
    for answer in (refused, joined):
        assert answer.status_code == 400
        assert answer.json["type"] == "/problems#idempotency-key-repeated"
    assert organisations(parts) == 0


def test_two_at_once_make_one(app, parts):
    answers = []
    barrier = threading.Barrier(2)

    def attempt():
        barrier.wait()
        answers.append(register(app.test_client()).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) in ([201, 201], [201, 409])
    assert organisations(parts) == 1
