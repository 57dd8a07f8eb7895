"""What the log and the chain are told: nothing readable of anybody, and nothing to be guessed.

Values in trade come from small spaces: a few thousand airports, a dozen outcomes, round prices. A
bare hash of such a value is the value itself for whoever tries them all, so everything that goes
out is keyed or blinded, and this test tries them all.
"""

import hashlib
import hmac
import itertools
import json
import re

import airportsdata
import pytest

from app.core.canonical import canonical_bytes
from app.core.principals import Role
from app.core.reach import Reach
from contracts.licence_entries import chain_licence_id
from contracts.licence_services import LicenceRecorder
from contracts.models import ChainLicence
from contracts.registries import LicenceStanding
from demo.upstream import find_airport
from ledger.log.tree.merkle import leaf_hash
from tests.factories.whose_rows import declare

AIRPORTS = {
    code: find_airport(code)
    for code, airport in airportsdata.load("ICAO").items()
    if airport["country"] == "CN"
}
PERSONAL = ("organisations", "people")
INSTANT = re.compile(rb'"\d{4}-\d\d-\d\dT[\d:.]+Z"')
KEYED = ("request", "response", "detail")


@pytest.fixture
def leaves(connection):
    declare(connection, Reach.EXCHANGE)
    rows = connection.execute("SELECT body FROM log_entries ORDER BY arrival").fetchall()
    return [bytes(body) for (body,) in rows]


@pytest.fixture
def calls(leaves):
    found = [json.loads(leaf) for leaf in leaves if json.loads(leaf)["type"] == "call"]
    assert found
    return found


def words_of(everything):
    """Every name, address, code and number that the exchange knows of somebody."""
    words = set()
    for table in PERSONAL:
        for row in everything.rows[table].values():
            words |= {row.get(column) for column in ("name", "uscc", "email", "contact", "address")}
    # The demonstration's staff are called by their roles, and roles are no names.
    words -= {role.value for role in Role}
    return {word for word in words if isinstance(word, str) and len(word) > 3}


def test_no_leaf_names_anybody(leaves, everything):
    words = words_of(everything)
    assert any("@" in word for word in words), "addresses are looked for"
    for leaf, word in itertools.product(leaves, words):
        assert word.encode() not in leaf


def test_no_leaf_carries_a_payload(leaves):
    payloads = {value for airport in AIRPORTS.values() for value in airport.values()}
    # A longitude is, once in a hundred thousand leaves, the seconds of an instant.
    timeless = [INSTANT.sub(b"", leaf) for leaf in leaves]
    for leaf, value in itertools.product(timeless, payloads):
        if isinstance(value, str) and len(value) > 4:
            assert value.encode() not in leaf


def guesses(call):
    """Every request, answer and detail that such a call can have had."""
    for question, airport in AIRPORTS.items():
        for method, listing in itertools.product(("GET", "POST"), ("", "airports")):
            parameters = {"icao": question}
            yield canonical_bytes({"method": method, "listing": listing, "parameters": parameters})
        yield json.dumps(airport, ensure_ascii=False, separators=(",", ":")).encode()
        yield canonical_bytes(airport)
        yield question.encode()
    yield from (b"{}", b"", b"hit", b"miss", call["amount"].encode(), call["outcome"].encode())


def keys_at_hand(call):
    """Keys that an outsider has, or that a careless exchange would have used."""
    yield from (b"", bytes(32), call["licence"].encode(), bytes.fromhex(call["blind"]))
    yield from (bytes.fromhex(call["plan"]), call["scenario"].encode(), call["version"].encode())


def test_a_dictionary_of_all_values_opens_no_commitment(calls):
    for call in calls:
        stated = {bytes.fromhex(call[name]) for name in KEYED}
        assert len(stated) == len(KEYED), "equal values have different commitments"
        for guess in guesses(call):
            assert hashlib.sha256(guess).digest() not in stated
            for key, name in itertools.product(keys_at_hand(call), ("", *KEYED)):
                message = (name.encode() + b"\x00" if name else b"") + guess
                assert hmac.digest(key, message, "sha256") not in stated


def test_the_same_question_leaves_no_trace_of_being_the_same(calls):
    """Calls that asked the same: nothing keyed repeats, so nobody sees that they did."""
    for name in KEYED:
        values = [call[name] for call in calls]
        assert len(set(values)) == len(values)


def test_a_public_leaf_hash_is_not_found_by_whoever_knows_all_but_the_blind(calls):
    """Tiles are public and counters can be guessed: 128 blinding bits stand in between."""
    for call in calls:
        published = leaf_hash(canonical_bytes(call))
        for blind in ("0" * 32, "f" * 32, call["request"][:32], call["previous"][:32]):
            assert leaf_hash(canonical_bytes({**call, "blind": blind})) != published
        without = {name: value for name, value in call.items() if name != "blind"}
        assert leaf_hash(canonical_bytes(without)) != published
        assert len(call["blind"]) * 4 == 128


class Tape:
    """A licence registry that remembers what it was asked to put on chain."""

    def __init__(self):
        self.grants = []

    def standing(self, _licence):
        return LicenceStanding.STANDING if self.grants else LicenceStanding.UNKNOWN

    def sign_grants(self, grants, _nonce):
        self.grants += grants
        raise StopIteration

    def next_nonce(self):
        return 0

    def mined_nonce(self):
        return 0


def test_what_the_chain_is_told_of_a_licence_cannot_be_guessed(units):
    terms = [hashlib.sha256(canonical_bytes({"purposes": [p]})).hexdigest() for p in "abc"]
    tape, salts = Tape(), iter([bytes([n]) * 32 for n in range(9)])
    for number, terms_hash in enumerate((terms[0], terms[0], terms[1])):
        payload = {
            "licence_id": f"lic_{number:026d}",
            "terms_hash": terms_hash,
            "starts_at": "2026-11-20T08:00:00.000000Z",
            "ends_at": None,
        }
        tape.standing = lambda _licence: LicenceStanding.UNKNOWN
        with pytest.raises((StopIteration, RuntimeError)):
            LicenceRecorder(units, tape, lambda _size: next(salts)).grant_licence(payload)
    commitments = [grant.commitment for grant in tape.grants]
    assert len(set(commitments)) == 3, "equal terms have different commitments"
    for terms_hash in terms:
        bare = bytes.fromhex(terms_hash)
        assert bare not in commitments
        assert hashlib.sha256(bare).digest() not in commitments
        for key in (b"", bytes(32), b"counterfoil"):
            assert hmac.digest(key, bare, "sha256") not in commitments
    with units.begin(Reach.EXCHANGE) as uow:
        for number, grant in enumerate(tape.grants):
            licence = uow.session.get_one(ChainLicence, f"lic_{number:026d}")
            assert grant.id == chain_licence_id(licence.licence_id)
            assert licence.salt not in (grant.id, grant.commitment)
