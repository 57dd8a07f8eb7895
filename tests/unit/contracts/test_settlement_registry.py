"""The settlement registry: a root once, for good, cheap in batches."""

import pytest

from contracts.record_services import chain_statement_id
from tests.unit.contracts.embedded import KEYS, STRANGER, Deployed, digest

ADMINISTRATOR, _, RECORDER = KEYS.addresses
NOTHING = bytes(32)
RECORD_GAS_MAX, BATCHED_RECORD_GAS_MAX = 55_000, 30_000


@pytest.fixture
def registry(chain):
    return Deployed(chain, "settlement_registry", ADMINISTRATOR, RECORDER)


def record(registry, name="a", *, root="root", key=KEYS.registrar):
    return registry.send(key, "record", digest(name), digest(root))


def test_a_recorded_root_is_read_back(registry):
    assert record(registry)["status"] == "0x1"
    assert registry.read("root_of", digest("a")) == (digest("root"),)
    assert registry.read("root_of", digest("b")) == (NOTHING,)


def test_the_same_statement_again_changes_nothing(registry):
    record(registry)
    again = record(registry)
    assert (again["status"], again["logs"]) == ("0x1", [])


def test_another_root_is_refused_for_good(registry):
    record(registry)
    assert record(registry, root="other")["status"] == "0x0"
    assert registry.read("root_of", digest("a")) == (digest("root"),)


def test_a_statement_without_root_is_refused(registry):
    assert registry.send(KEYS.registrar, "record", digest("a"), NOTHING)["status"] == "0x0"


@pytest.mark.parametrize("key", [KEYS.administrator, KEYS.anchorer, bytes(STRANGER.key)])
def test_only_the_recorder_records(registry, key):
    assert record(registry, key=key)["status"] == "0x0"
    rows = [(digest("a"), digest("root"))]
    assert registry.send(key, "record_batch", rows)["status"] == "0x0"


def test_a_batch_records_all_or_none(registry):
    record(registry, "2", root="other")
    rows = [(digest(str(n)), digest("root")) for n in range(3)]
    assert registry.send(KEYS.registrar, "record_batch", rows)["status"] == "0x0"
    assert registry.read("root_of", digest("0")) == (NOTHING,)
    assert registry.send(KEYS.registrar, "record_batch", rows[:2])["status"] == "0x1"
    assert registry.read("root_of", digest("1")) == (digest("root"),)


def test_a_batch_of_more_than_fifty_is_refused(registry):
    rows = [(digest(str(n)), digest("root")) for n in range(51)]
    assert registry.send(KEYS.registrar, "record_batch", rows)["status"] == "0x0"


def test_the_recorder_is_replaced_by_the_administrator_alone(registry):
    assert registry.send(KEYS.registrar, "appoint_recorder", STRANGER.address)["status"] == "0x0"
    registry.send(KEYS.administrator, "appoint_recorder", STRANGER.address)
    assert record(registry)["status"] == "0x0"
    assert record(registry, key=bytes(STRANGER.key))["status"] == "0x1"


def test_administration_passes_in_two_steps(registry):
    registry.send(KEYS.administrator, "offer_administration", STRANGER.address)
    assert registry.read("administrator") == (ADMINISTRATOR.lower(),)
    assert registry.send(KEYS.anchorer, "accept_administration")["status"] == "0x0"
    registry.send(bytes(STRANGER.key), "accept_administration")
    assert registry.read("administrator") == (STRANGER.address.lower(),)


def test_gas_stays_under_the_bounds(registry):
    statement = chain_statement_id("stm_00000000000000000000000001")
    assert 0 not in statement[:16], "no lucky zero bytes"
    one = registry.gas(KEYS.registrar, "record", statement, digest("root"))
    rows = [(chain_statement_id(f"{n}"), digest("root")) for n in range(50)]
    each = registry.gas(KEYS.registrar, "record_batch", rows) / 50
    assert one <= RECORD_GAS_MAX
    assert each <= BATCHED_RECORD_GAS_MAX
