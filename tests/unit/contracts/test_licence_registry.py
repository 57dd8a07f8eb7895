"""The licence registry: granted once, revoked for good, cheap in batches."""

import pytest

from contracts.licence_entries import chain_licence_id
from tests.unit.contracts.embedded import KEYS, STRANGER, Deployed, digest

ADMINISTRATOR, _, REGISTRAR = KEYS.addresses
STARTS, ENDS = 1_795_000_000, 1_826_000_000
GRANT_GAS_MAX, BATCHED_GRANT_GAS_MAX, REVOKE_GAS_MAX = 75_000, 50_000, 30_000


@pytest.fixture
def registry(chain):
    return Deployed(chain, "licence_registry", ADMINISTRATOR, REGISTRAR)


def grant(registry, name="a", *, terms="terms", key=KEYS.registrar, starts=STARTS, ends=ENDS):
    sent = registry.send(key, "grant", digest(name), digest(terms), starts, ends)
    return sent["status"] == "0x1"


def revoke(registry, name="a", *, key=KEYS.registrar):
    return registry.send(key, "revoke", digest(name))["status"] == "0x1"


def test_a_granted_licence_stands_inside_its_period_only(registry):
    assert grant(registry)
    assert registry.read("licence", digest("a")) == (1, digest("terms"), STARTS, ENDS, 0)
    valid = [registry.read("is_valid", digest("a"), at)[0] for at in (STARTS - 1, STARTS, ENDS)]
    assert valid == [False, True, False]


def test_an_unknown_licence_is_not_valid(registry):
    assert registry.read("is_valid", digest("a"), STARTS) == (False,)
    assert registry.read("licence", digest("a"))[0] == 0


def test_the_same_grant_again_changes_nothing(registry):
    grant(registry)
    sent = registry.send(KEYS.registrar, "grant", digest("a"), digest("terms"), STARTS, ENDS)
    assert (sent["status"], sent["logs"]) == ("0x1", [])


@pytest.mark.parametrize("other", [{"terms": "x"}, {"starts": STARTS + 1}, {"ends": ENDS + 1}])
def test_another_grant_under_the_same_id_is_refused(registry, other):
    grant(registry)
    assert not grant(registry, **other)


def test_an_empty_period_is_refused(registry):
    assert not grant(registry, ends=STARTS)


def test_a_revoked_licence_stays_revoked_whatever_is_granted_again(registry):
    grant(registry)
    assert revoke(registry)
    assert grant(registry)
    status, _, _, _, revoked_at = registry.read("licence", digest("a"))
    assert status == 2
    assert revoked_at > 0
    assert registry.read("is_valid", digest("a"), max(revoked_at, STARTS)) == (False,)


def test_a_second_revocation_keeps_the_first_time(registry):
    grant(registry)
    revoke(registry)
    first = registry.read("licence", digest("a"))
    sent = registry.send(KEYS.registrar, "revoke", digest("a"))
    assert (sent["status"], sent["logs"]) == ("0x1", [])
    assert registry.read("licence", digest("a")) == first


def test_what_was_never_granted_cannot_be_revoked(registry):
    assert not revoke(registry)


def test_only_the_registrar_grants_and_revokes(registry):
    grant(registry)
    for key in (KEYS.administrator, KEYS.anchorer, bytes(STRANGER.key)):
        assert not grant(registry, "b", key=key)
        assert not revoke(registry, key=key)


def test_a_batch_grants_all_or_none(registry):
    rows = [(digest(str(n)), digest("t"), STARTS, ENDS) for n in range(3)]
    empty = (digest("3"), digest("t"), ENDS, STARTS)
    assert registry.send(KEYS.registrar, "grant_batch", [*rows, empty])["status"] == "0x0"
    assert registry.read("licence", digest("0"))[0] == 0
    assert registry.send(KEYS.registrar, "grant_batch", rows)["status"] == "0x1"
    assert [registry.read("licence", row[0])[0] for row in rows] == [1, 1, 1]


def test_a_batch_of_more_than_fifty_is_refused(registry):
    rows = [(digest(str(n)), digest("t"), STARTS, ENDS) for n in range(51)]
    assert registry.send(KEYS.registrar, "grant_batch", rows)["status"] == "0x0"


def test_gas_stays_under_the_bounds(registry):
    licence = chain_licence_id("lic_00000000000000000000000001")
    assert 0 not in licence[:16], "no lucky zero bytes"
    one = registry.gas(KEYS.registrar, "grant", licence, digest("t"), STARTS, ENDS)
    rows = [(chain_licence_id(f"{n}"), digest("t"), STARTS, ENDS) for n in range(50)]
    each = registry.gas(KEYS.registrar, "grant_batch", rows) / 50
    revocation = registry.gas(KEYS.registrar, "revoke", licence)
    assert one <= GRANT_GAS_MAX
    assert each <= BATCHED_GRANT_GAS_MAX
    assert revocation <= REVOKE_GAS_MAX


def test_the_registrar_is_replaced_by_the_administrator_alone(registry):
    stranger = bytes(STRANGER.key)
    assert registry.send(stranger, "appoint_registrar", STRANGER.address)["status"] == "0x0"
    appointed = registry.send(KEYS.administrator, "appoint_registrar", STRANGER.address)
    assert appointed["status"] == "0x1"
    assert not grant(registry)
    assert grant(registry, key=stranger)


def test_administration_passes_in_two_steps(registry):
    stranger = bytes(STRANGER.key)
    assert registry.send(stranger, "accept_administration")["status"] == "0x0"
    registry.send(KEYS.administrator, "offer_administration", STRANGER.address)
    assert registry.send(KEYS.registrar, "accept_administration")["status"] == "0x0"
    assert registry.send(stranger, "accept_administration")["status"] == "0x1"
    assert registry.read("administrator") == (STRANGER.address.lower(),)
