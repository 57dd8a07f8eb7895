"""A person's consent on a whole exchange: collected, shown with a call, withdrawn, in the log."""

import hashlib
import json

import jwt
import pytest
from sqlalchemy import select

from app.core.compact_jws import key_id_of
from app.core.pseudonyms import pseudonym_of
from app.core.reach import Reach
from compliance.consent import api as consent_api
from demo import onboarding
from ledger.log.models import LogEntry
from ledger.log.tree.hash_trees import HashTrees
from ledger.log.tree.merkle import check_inclusion, leaf_hash
from tests.factories.consented import answer_of, ask, bind


@pytest.fixture
def world(worlds):
    return worlds["a"]


@pytest.fixture
def trade(world):
    return world.consented[0]


@pytest.fixture
def record(world):
    trade, key = world.consented

    def recorded(person, *, expect=201, **changes):
        body = answer_of(world, trade, key, person, **changes)
        return world.supplier.client.post("/v1/consents", body, expect=expect)

    return recorded


def slug(answer):
    return answer.json["type"].partition("#")[2]


def withdraw(world, consent_id, **changes):
    body = {"reason_code": "SUBJECT_REQUEST", **changes}
    return world.supplier.client.post(f"/v1/consents/{consent_id}/withdrawal", body)


def test_a_token_carries_a_call_until_the_person_withdraws(world, trade, record):
    given = record("ZBAA")
    assert slug(ask(world, trade, "ZBAA")) == "consent-missing"
    assert ask(world, trade, "ZBAA", given["token"]).status == 200
    assert slug(ask(world, trade, "ZSPD", given["token"])) == "consent-not-given"
    ended = withdraw(world, given["consent"]["id"])
    assert (ended["state"], ended["reason_code"]) == ("WITHDRAWN", "SUBJECT_REQUEST")
    answer = ask(world, trade, "ZBAA", given["token"])
    assert (answer.status, slug(answer)) == (403, "consent-withdrawn")
    assert withdraw(world, given["consent"]["id"]) == ended, "a second withdrawal changes nothing"


@pytest.mark.parametrize(
    ("person", "granted", "refused"),
    [
        ("ZGGG", "LOGISTICS", "LOGISTICS"),
        ("ZGSZ", "OPERATIONS", "LOGISTICS"),
        ("ZHHH", "LOGISTICS", "OPERATIONS"),
    ],
)
def test_a_later_denial_ends_what_was_granted_for_it(
    world, trade, record, person, granted, refused
):
    given = record(person, purpose=granted)
    assert ask(world, trade, person, given["token"]).status == 200
    denied = record(person, answer="deny", expires_at=None, purpose=refused)
    assert (denied["consent"]["state"], denied["token"]) == ("DENIED", None)
    assert slug(ask(world, trade, person, given["token"])) == "consent-withdrawn"
    before = world.supplier.client.get(f"/v1/consents/{given['consent']['id']}")
    assert before["reason_code"] == "DENIED_LATER"


def test_a_denial_of_one_purpose_leaves_another_standing(world, trade, record):
    given = record("ZUUU")
    record("ZUUU", answer="deny", expires_at=None, purpose="TARGETING")
    assert ask(world, trade, "ZUUU", given["token"]).status == 200


def test_everything_that_a_person_granted_ends_in_one_request(world, trade, record, monkeypatch):
    monkeypatch.setattr(consent_api, "SHOWN_MAX", 1)
    tokens = [record("ZSSS", purpose=purpose)["token"] for purpose in ("LOGISTICS", "OPERATIONS")]
    assert {ask(world, trade, "ZSSS", token).status for token in tokens} == {200}
    body = {
        "product_id": trade.product["id"],
        "subject": pseudonym_of(world.consented[1], "ZSSS"),
        "reason_code": "SUBJECT_REQUEST",
    }
    ended = world.supplier.client.post("/v1/consent-withdrawals", body)
    assert (ended["withdrawn_count"], len(ended["items"])) == (2, 1)
    assert {slug(ask(world, trade, "ZSSS", token)) for token in tokens} == {"consent-withdrawn"}
    assert world.supplier.client.post("/v1/consent-withdrawals", body)["items"] == []


def test_a_token_is_checked_by_anybody_with_the_published_key(world, record):
    given = record("ZPPP")
    (published,) = world.anybody.get("/v1/consent-keys")["keys"]
    claims = jwt.decode(
        given["token"],
        jwt.PyJWK(published),
        algorithms=["EdDSA"],
        audience=world.organisations["buyer"],
    )
    assert claims["sub"] == given["consent"]["subject"]
    assert claims["jti"] == given["consent"]["id"]
    assert published["kid"] == key_id_of(jwt.utils.base64url_decode(published["x"]))


def test_the_named_buyer_reads_its_consents_and_their_tokens(world, record):
    given = record("ZGSZ")
    path = f"/v1/consents/{given['consent']['id']}"
    shown = given["consent"] | {"recorded_by": None}
    assert world.buyer.client.get(path) == shown, "who of the supplier's it was is not told"
    assert world.buyer.client.get(f"{path}/token") == {"token": given["token"]}
    query = {"subject": given["consent"]["subject"], "state": "GRANTED"}
    (found,) = world.buyer.client.get("/v1/consents", query=query)["items"]
    assert found == shown
    withdraw(world, given["consent"]["id"])
    assert world.buyer.client.get(f"{path}/token", expect=409)["state"] == "WITHDRAWN"


def test_another_organisation_sees_and_ends_nothing_of_it(worlds, world, record):
    given = record("ZYTX")
    stranger = worlds["b"]
    path = f"/v1/consents/{given['consent']['id']}"
    for client in (stranger.supplier.client, stranger.buyer.client):
        client.get(path, expect=404)
        client.get(f"{path}/token", expect=404)
        client.get(f"{path}/evidence", expect=404)
        query = {"subject": given["consent"]["subject"]}
        assert client.get("/v1/consents", query=query)["items"] == []
    body = {"reason_code": "SUBJECT_REQUEST"}
    stranger.supplier.client.post(f"{path}/withdrawal", body, expect=404)
    whole = body | {"product_id": given["consent"]["product_id"], "subject": "0" * 64}
    stranger.supplier.client.post("/v1/consent-withdrawals", whole, expect=404)
    world.buyer.client.post(f"{path}/withdrawal", body, expect=403)


def test_a_consents_token_is_proved_under_the_root_that_is_in_the_log(
    worlds, whole_exchange, world, record
):
    given = record("ZWWW")
    path = f"/v1/consents/{given['consent']['id']}/evidence"
    assert world.supplier.client.get(path, expect=404)["type"].endswith("consent-not-batched")
    bind(whole_exchange)
    whole_exchange.settle()
    proof = world.buyer.client.get(path)
    token_hash = hashlib.sha256(given["token"].encode()).digest()
    assert proof["token_hash"] == token_hash.hex()
    check_inclusion(
        leaf_hash(token_hash),
        proof["index"],
        proof["tree_size"],
        [bytes.fromhex(each) for each in proof["path"]],
        root=bytes.fromhex(proof["root_hash"]),
    )
    entries = logged(whole_exchange, "consent_batch")
    assert proof["root_hash"] in {entry["root_hash"] for entry in entries}


def test_a_withdrawal_is_in_the_log_by_the_tokens_hash_alone(whole_exchange, world, record):
    given = record("ZJSY")
    withdraw(world, given["consent"]["id"])
    token_hash = hashlib.sha256(given["token"].encode()).hexdigest()
    (entry,) = [
        entry
        for entry in logged(whole_exchange, "consent_revoked")
        if entry["token_hash"] == token_hash
    ]
    assert given["consent"]["subject"] not in str(entry)
    assert given["consent"]["recipient_id"] not in str(entry)


def logged(exchange, entry_type):
    with exchange.parts.units.begin(Reach.EXCHANGE) as uow:
        wanted = select(LogEntry.body).where(LogEntry.entry_type == entry_type)
        return [json.loads(body) for body in uow.session.scalars(wanted)]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"subject": "a person"}, "#/subject"),
        ({"purpose": "ANYTHING"}, "#/purpose"),
        ({"answer": "perhaps"}, "#/answer"),
        ({"evidence_hash": "e"}, "#/evidence_hash"),
        ({"expires_at": None}, "#/expires_at"),
        ({"answer": "deny"}, "#/expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "#/expires_at"),
        ({"expires_at": onboarding.in_days(366 * 4)}, "#/expires_at"),
        ({"recipient_id": "org_00000000000000000000000000"}, "#/recipient_id"),
        ({"identity": "a person"}, "#/identity"),
    ],
)
def test_a_consent_that_does_not_say_enough_is_refused_with_a_pointer(record, changes, pointer):
    problem = record("ZLXY", expect=422, **changes)
    assert pointer in {each["pointer"] for each in problem["errors"]}


def test_the_supplier_is_no_recipient(world, record):
    problem = record("ZLXY", expect=422, recipient_id=world.organisations["supplier"])
    assert problem["type"].endswith("consent-recipient-unknown")


def test_the_three_test_calls_are_made_before_a_version_is_submitted(world):
    client = world.supplier.client
    product = client.post("/v1/products", {"name": "Not yet listed"})
    path = f"/v1/products/{product['id']}/consent-register"
    trade = type(world.consented[0])(product=product)

    def tried(**changes):
        body = answer_of(world, trade, bytes(32), "nobody", is_test=True, **changes)
        return client.post("/v1/consents", body)

    client.post("/v1/consents", answer_of(world, trade, bytes(32), "nobody"), expect=409)
    key = client.post(path, {})["pseudonym_key"]
    assert len(bytes.fromhex(key)) == 32
    client.post(path, {}, expect=409)
    problem = client.post("/v1/consents", answer_of(world, trade, bytes(32), "nobody"), expect=409)
    assert problem["type"].endswith("consent-register-closed")
    assert not client.get(path)["is_tested"]
    granted = tried()
    tried(answer="deny", expires_at=None)
    assert not client.get(path)["is_tested"]
    withdraw(world, granted["consent"]["id"])
    register = client.get(path)
    assert register["is_tested"]
    assert register["listing_code"] is None


def test_a_test_lets_no_call_pass_and_concerns_no_buyer(world, trade, record):
    given = record("ZHHH", is_test=True)
    assert slug(ask(world, trade, "ZHHH", given["token"])) == "consent-token-refused"
    world.buyer.client.get(f"/v1/consents/{given['consent']['id']}", expect=404)


def test_a_product_of_somebody_else_has_no_register_for_me(worlds, trade):
    stranger = worlds["b"].supplier.client
    path = f"/v1/products/{trade.product['id']}/consent-register"
    stranger.get(path, expect=404)
    stranger.post(path, {}, expect=404)


def test_consents_are_listed_by_product_for_the_collecting_system(world, trade, record):
    given = record("ZSAM")
    path = f"/v1/products/{trade.product['id']}/consents"
    query = {"subject": given["consent"]["subject"], "listing_code": trade.listing_code}
    (found,) = world.supplier.client.get(path, query=query)["items"]
    assert found == given["consent"]
    page = world.supplier.client.get(path, query={"limit": 1})
    assert len(page["items"]) == 1
    assert page["next_cursor"]


def test_trees_of_one_and_of_none():
    tree = HashTrees()
    assert tree.root_of([b"one"]) == leaf_hash(b"one")
    assert tree.path_to(0, [b"one"]) == []
    assert tree.root_of([]) == hashlib.sha256(b"").digest()
