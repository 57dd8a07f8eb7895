"""The key registry: announced before use, ended for good, an end only moves back."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.contracts.embedded import KEYS, STRANGER, Deployed, digest

ADMINISTRATOR = KEYS.addresses[0]
CHECKPOINT, RECEIPTS = 1, 2
OPEN_END = 2**64 - 1
ORIGIN = hashlib.sha256(b"exchange.example/log/2026").digest()
ANNOUNCE_GAS_MAX, RETIRE_GAS_MAX = 55_000, 40_000


@pytest.fixture
def registry(chain):
    return Deployed(chain, "key_registry", ADMINISTRATOR)


def announce(registry, name="a", *, role=CHECKPOINT, size=10, key=KEYS.administrator):
    return registry.send(key, "announce", ORIGIN, digest(name), role, size)


def retire(registry, size, name="a", *, key=KEYS.administrator):
    return registry.send(key, "retire", ORIGIN, digest(name), size)


def speaks(registry, size, *, name="a", role=CHECKPOINT, origin=ORIGIN):
    return registry.read("speaks", origin, digest(name), role, size)[0]


def test_a_key_speaks_from_its_first_size_on_in_its_role_for_its_log(registry):
    assert announce(registry)["status"] == "0x1"
    assert [speaks(registry, size) for size in (9, 10, OPEN_END)] == [False, True, True]
    assert not speaks(registry, 10, role=RECEIPTS)
    assert not speaks(registry, 10, role=0)
    assert not speaks(registry, 10, origin=digest("another log"))
    assert registry.read("key", ORIGIN, digest("a")) == (CHECKPOINT, 10, OPEN_END)


def test_a_key_never_announced_speaks_for_nothing(registry):
    assert not speaks(registry, 0)
    assert registry.read("key", ORIGIN, digest("a")) == (0, 0, 0)


def test_the_same_announcement_again_changes_nothing(registry):
    announce(registry)
    retire(registry, 20)
    again = announce(registry)
    assert (again["status"], again["logs"]) == ("0x1", [])
    assert not speaks(registry, 21)


@pytest.mark.parametrize("other", [{"role": RECEIPTS}, {"size": 11}])
def test_another_announcement_of_a_key_is_refused(registry, other):
    announce(registry)
    assert announce(registry, **other)["status"] == "0x0"


@pytest.mark.parametrize("role", [0, 4])
def test_a_role_that_does_not_exist_is_refused(registry, role):
    assert announce(registry, role=role)["status"] == "0x0"


def test_a_retired_key_speaks_up_to_its_end(registry):
    announce(registry)
    assert retire(registry, 20)["status"] == "0x1"
    assert [speaks(registry, size) for size in (20, 21)] == [True, False]


def test_an_end_moves_back_and_never_forward(registry):
    announce(registry)
    retire(registry, 20)
    assert retire(registry, 21)["status"] == "0x0"
    assert retire(registry, 15)["status"] == "0x1"
    assert [speaks(registry, size) for size in (15, 16)] == [True, False]


def test_the_same_end_again_changes_nothing(registry):
    announce(registry)
    retire(registry, 20)
    again = retire(registry, 20)
    assert (again["status"], again["logs"]) == ("0x1", [])


def test_what_was_never_announced_cannot_be_retired(registry):
    assert retire(registry, 20)["status"] == "0x0"


@pytest.mark.parametrize("key", [KEYS.registrar, KEYS.anchorer, bytes(STRANGER.key)])
def test_only_the_administrator_speaks_of_keys(registry, key):
    assert announce(registry, key=key)["status"] == "0x0"
    announce(registry)
    assert retire(registry, 20, key=key)["status"] == "0x0"


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ends=st.lists(st.integers(0, OPEN_END - 1), min_size=1, max_size=6))
def test_the_earliest_end_counts_whatever_is_sent(registry, ends):
    name = repr(ends)
    announce(registry, name, size=0)
    for end in ends:
        retire(registry, end, name)
    assert registry.read("key", ORIGIN, digest(name))[2] == min(ends)


def test_gas_stays_under_the_bounds(registry):
    announcing = ("announce", ORIGIN, digest("gas"), CHECKPOINT, 1_000_000)
    assert registry.gas(KEYS.administrator, *announcing) <= ANNOUNCE_GAS_MAX
    retiring = ("retire", ORIGIN, digest("gas"), 2_000_000)
    assert registry.gas(KEYS.administrator, *retiring) <= RETIRE_GAS_MAX
