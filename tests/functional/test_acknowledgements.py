"""A buyer's vault signs what its receipts show; the exchange takes it only if its log agrees."""

import json

import psycopg
import pytest
from counterfoil_verify.acknowledgements import buyer_key, sign_acknowledgement
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.vault import ReceiptVault
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.core.reach import Reach
from ledger.log.events import BuyerAcknowledged, EvidenceModeSet
from ledger.log.services import note_licence_parties
from tests.unit.log.log_app import AUDITOR, BUYER, STRANGER, SUPPLIER, log_app
from tests.unit.log.log_factory import append_rows, log_keys
from tests.vectors.exchange import Exchange
from tests.vectors.primitives import hash_leaf

LICENCE = "lic_0000000000000000000000000a"
NAME = "org_buyer/acknowledgements"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
AT = "2026-11-20T09:00:00.000000Z"


@pytest.fixture
def http(units, clock):
    return log_app(units, log_keys(), clock)[0].test_client()


@pytest.fixture
def trade(units):
    """Three calls of a licence in two lanes, in the exchange's log and in the buyer's hands."""
    exchange = Exchange()
    first = exchange.open_lane(LICENCE)
    exchange.call(first)
    second = exchange.open_lane(LICENCE)
    exchange.call(second)
    exchange.call(first)
    rows = []
    for entry in exchange.entries:
        leaf = json.loads(entry)
        n = leaf.get("n", 0)
        rows.append((hash_leaf(entry), entry, leaf["type"], LICENCE, leaf["lane"], n))
    append_rows(units, rows)
    with units.begin(Reach.EXCHANGE) as uow:
        parties = {"buyer_id": "org_buyer", "supplier_id": "org_supplier"}
        note_licence_parties(uow, licence_id=LICENCE, **parties)
        uow.commit()
    return exchange


@pytest.fixture
def vault(tmp_path, trade):
    made = ReceiptVault(tmp_path / "vault", parse_keyring(trade.keys, "test"))
    for lane in trade.lanes[LICENCE]:
        for call in lane.calls:
            made.take(trade.receipt(call))
    yield made
    made.close()


def as_(principal, key=None):
    headers = {"Authorization": principal.id}
    return {"headers": headers | ({"Idempotency-Key": key} if key else {})}


def registered(http, key=KEY, principal=BUYER, name=NAME, once="first"):
    vkey = buyer_key(name, key).text
    body = {"vkey": vkey}
    return http.post(
        "/v1/acknowledgement-keys", json=body, **as_(principal, f"{once}-key-of-{principal.id}")
    )


def signed(lanes, key=KEY, name=NAME):
    return json.loads(sign_acknowledgement(LICENCE, lanes, at=AT, name=name, key=key))


def sent(http, document):
    return http.post("/v1/acknowledgements", json=document)


def standing(http, principal=BUYER):
    return http.get(f"/v1/evidence-modes/{LICENCE}", **as_(principal)).get_json()


def slug(response):
    return response.get_json()["type"].removeprefix("/problems#")


def test_what_the_vault_signs_the_exchange_takes_and_only_the_tail_is_open(http, vault, trade):
    assert standing(http)["unacknowledged_count"] == 3
    assert registered(http).status_code == 201
    taken = sent(http, signed(vault.lanes(LICENCE)[:1]))
    assert taken.status_code == 201
    assert standing(http)["lanes"] == [
        {"lane": 1, "n": 2, "acknowledged_n": 2, "unacknowledged_count": 0},
        {"lane": 2, "n": 1, "acknowledged_n": 0, "unacknowledged_count": 1},
    ]


def test_it_is_recorded_once_however_often_it_is_sent(http, vault, units):
    registered(http)
    document = signed(vault.lanes(LICENCE))
    first, second = sent(http, document), sent(http, document)
    assert first.get_json() == second.get_json()
    assert [type(event) for event in units.events].count(BuyerAcknowledged) == 1


def test_a_later_acknowledgement_never_takes_back_an_earlier_one(http, vault, trade, tmp_path):
    registered(http)
    sent(http, signed(vault.lanes(LICENCE)))
    younger = ReceiptVault(tmp_path / "younger", parse_keyring(trade.keys, "test"))
    younger.take(trade.receipt(trade.lanes[LICENCE][0].calls[0]))
    assert sent(http, signed(younger.lanes(LICENCE))).status_code == 201
    younger.close()
    assert standing(http)["unacknowledged_count"] == 0


@pytest.mark.parametrize("change", [{"n": 1}, {"n": 9}, {"total_units": 7}, {"leaf": bytes(32)}])
def test_what_the_log_does_not_hold_is_not_taken(http, vault, change):
    registered(http)
    lane, *_ = vault.lanes(LICENCE)
    response = sent(http, signed([type(lane)(**{**_fields(lane), **change})]))
    assert (response.status_code, slug(response)) == (409, "acknowledgement-differs")
    assert standing(http)["unacknowledged_count"] == 3


def _fields(lane):
    return {
        name: getattr(lane, name) for name in ("lane", "n", "total_units", "total_amount", "leaf")
    }


def test_a_key_that_is_not_the_buyers_acknowledges_nothing(http, vault):
    lanes = vault.lanes(LICENCE)
    assert slug(sent(http, signed(lanes))) == "acknowledgement-key-unknown"
    other = "org_stranger/acknowledgements"
    assert registered(http, OTHER_KEY, STRANGER, other).status_code == 201
    response = sent(http, signed(lanes, OTHER_KEY, other))
    assert (response.status_code, slug(response)) == (403, "acknowledgement-key-unknown")


def test_nobody_registers_a_key_in_anothers_name(http, trade):
    response = registered(http, principal=STRANGER)
    assert (response.status_code, slug(response)) == (422, "evidence-refused")


def test_a_withdrawn_key_signs_nothing_new(http, vault):
    key_id = registered(http).get_json()["id"]
    sent(http, signed(vault.lanes(LICENCE)[:1]))
    withdrawn = http.post(
        f"/v1/acknowledgement-keys/{key_id}/withdrawal", **as_(BUYER, "withdraw-1")
    )
    assert withdrawn.get_json()["withdrawn_at"]
    assert slug(sent(http, signed(vault.lanes(LICENCE)))) == "acknowledgement-key-unknown"
    assert slug(registered(http, once="second")) == "acknowledgement-key-taken"
    assert standing(http)["lanes"][0]["acknowledged_n"] == 2


def test_a_stranger_withdraws_nothing(http, trade):
    key_id = registered(http).get_json()["id"]
    path = f"/v1/acknowledgement-keys/{key_id}/withdrawal"
    assert http.post(path, **as_(STRANGER, "withdraw-2")).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"format": "counterfoil-acknowledgement/2"},
        {"signature": "AAAA"},
        {"signature": "not base64"},
        {"key": "no key"},
        {"acknowledgement": {}},
        {"acknowledgement": {"licence": LICENCE, "at": AT, "lanes": []}},
        {"acknowledgement": {"licence": LICENCE, "at": "yesterday", "lanes": [1]}},
        {"acknowledgement": {"licence": 7, "at": AT, "lanes": [{}]}},
        {"acknowledgement": {"licence": LICENCE, "at": 1.5, "lanes": None}},
    ],
)
def test_what_is_no_acknowledgement_is_refused(http, vault, change):
    registered(http)
    response = sent(http, {**signed(vault.lanes(LICENCE)), **change})
    assert (response.status_code, slug(response)) == (422, "evidence-refused")


def test_a_changed_lane_breaks_the_signature(http, vault):
    registered(http)
    document = signed(vault.lanes(LICENCE))
    document["acknowledgement"]["lanes"][0]["n"] = 1
    assert slug(sent(http, document)) == "evidence-refused"


def test_the_buyer_chooses_the_mode_and_both_parties_see_it(http, trade, units):
    path = f"/v1/evidence-modes/{LICENCE}"
    assert standing(http)["mode"] == "none"
    assert http.put(path, json={"mode": "ack"}, **as_(BUYER)).get_json()["mode"] == "ack"
    assert standing(http, SUPPLIER)["mode"] == "ack"
    assert standing(http, AUDITOR)["mode"] == "ack"
    assert [type(event) for event in units.events].count(EvidenceModeSet) == 1
    assert http.put(path, json={"mode": "twice"}, **as_(BUYER)).status_code == 422


def test_a_stranger_neither_sees_nor_sets_the_mode(http, trade):
    path = f"/v1/evidence-modes/{LICENCE}"
    assert http.get(path, **as_(STRANGER)).status_code == 404
    assert http.put(path, json={"mode": "ack"}, **as_(STRANGER)).status_code == 404


def test_acknowledgements_are_listed_to_the_parties_and_auditors_alone(http, vault):
    registered(http)
    sent(http, signed(vault.lanes(LICENCE)))
    counts = {
        principal.id: len(http.get("/v1/acknowledgements", **as_(principal)).get_json()["items"])
        for principal in (BUYER, SUPPLIER, AUDITOR, STRANGER)
    }
    assert counts == {"psn_buyer": 1, "psn_supplier": 1, "psn_auditor": 1, "psn_stranger": 0}
    assert len(http.get("/v1/acknowledgement-keys", **as_(BUYER)).get_json()["items"]) == 1
    assert http.get("/v1/acknowledgement-keys", **as_(STRANGER)).get_json()["items"] == []


def test_what_was_taken_is_never_changed(http, vault, database_url):
    registered(http)
    sent(http, signed(vault.lanes(LICENCE)))
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
        for change in (
            "UPDATE acknowledgements SET key_id = key_id",
            "DELETE FROM acknowledgements",
        ):
            with pytest.raises(psycopg.errors.RaiseException), connection.transaction():
                connection.execute(change)
