"""Who is asked and how many are needed: read strictly, counted by distinct keys."""

import json

import pytest

from ledger.log.errors import EvidenceRefused
from ledger.log.witnesses.policy import (
    NO_WITNESSES,
    PAUSE_MAX_SECONDS,
    pause_seconds,
    read_policy,
)
from tests.vectors.primitives import Key, seeded

W1, W2, W3 = (Key(f"w{n}.example", seeded(f"w{n}"), algorithm=4).vkey for n in (1, 2, 3))


def document(*keys, **changes):
    witnesses = [{"key": key, "url": "https://w.example/prefix/"} for key in keys]
    return json.dumps({"needed": 2, "witnesses": witnesses} | changes).encode()


def test_a_policy_is_read():
    policy = read_policy(document(W1, W2, W3, interval_seconds=30), allows_http=False)
    assert [witness.key.text for witness in policy.witnesses] == [W1, W2, W3]
    assert policy.witnesses[0].url == "https://w.example/prefix"
    assert (policy.needed, policy.interval_seconds) == (2, 30)


def test_enough_distinct_known_keys_meet_it():
    policy = read_policy(document(W1, W2), allows_http=False)
    assert not policy.is_met_by([])
    assert not policy.is_met_by([W1, W1, W3])
    assert policy.is_met_by([W1, W2])


def test_nobody_needed_is_nobody_promised():
    assert not NO_WITNESSES.is_met_by([W1, W2, W3])


BAD = {
    "no JSON": b"{",
    "a list": b"[]",
    "no witnesses": document(),
    "more needed than there are": document(W1, needed=2),
    "none needed": document(W1, needed=0),
    "needed is no number": document(W1, needed=True),
    "needed is missing": json.dumps({"witnesses": [{"key": W1, "url": "https://w"}]}).encode(),
    "one key twice": document(W1, W1),
    "an unknown member": document(W1, W2, quorum=2),
    "not a key": document("w1", W2),
    "too often": document(W1, W2, interval_seconds=0),
    "too many": document(*[W1] * 17),
    "a witness with more": json.dumps(
        {"needed": 1, "witnesses": [{"key": W1, "url": "https://w", "x": 1}]}
    ).encode(),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_an_unfit_policy_is_refused(data):
    with pytest.raises(EvidenceRefused):
        read_policy(data, allows_http=True)


@pytest.mark.parametrize(
    "url",
    ["http://w.example", "ftp://w", "w.example", "https://", "https://w/?a", "https://w:0", "https://w:x",
     "https://w/#a", "https://w /", 5],
)  # fmt: skip
def test_an_unfit_address_is_refused(url):
    data = json.dumps({"needed": 1, "witnesses": [{"key": W1, "url": url}]}).encode()
    with pytest.raises(EvidenceRefused):
        read_policy(data, allows_http=False)


def test_http_is_for_development():
    data = json.dumps({"needed": 1, "witnesses": [{"key": W1, "url": "http://127.0.0.1:1"}]})
    assert read_policy(data.encode(), allows_http=True).witnesses[0].url == "http://127.0.0.1:1"


def test_pauses_double_up_to_their_cap():
    policy = read_policy(document(W1, W2, interval_seconds=5), allows_http=False)
    assert [pause_seconds(policy, count) for count in (0, 1, 2, 6, 1000)] == [
        5,
        10,
        20,
        PAUSE_MAX_SECONDS,
        PAUSE_MAX_SECONDS,
    ]
