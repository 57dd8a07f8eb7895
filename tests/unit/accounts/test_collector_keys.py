"""Keys of systems that collect consents: issued, rotated, revoked, recognised."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts import services
from app.accounts.access_models import CollectorKey
from app.accounts.authentication import USE_NOTED_EVERY
from app.accounts.collector_errors import (
    CollectorKeyLimitReached,
    CollectorKeyNotFound,
    CollectorKeyNotLive,
    CollectorKeyTermRefused,
    CollectorNeedsSupplier,
)
from app.accounts.errors import InvalidNetwork
from app.accounts.events import CollectorKeyIssued, CollectorKeyRevoked
from app.accounts.services.collector_keys import KEYS_MAX, LIFETIME_MAX
from app.accounts.sign_in_errors import CollectorKeyRefused
from app.core.principals import COLLECTOR_PERMISSIONS, Permission
from app.core.reach import Reach


@pytest.fixture
def supplier(house):
    return house.register(is_buyer=False)


def issue(house, principal, **fields):
    asked = {"name": "consent pages", "networks": [], "requests_per_minute": 600}
    return act(house, services.issue_collector_key, principal, **asked | fields)


def rotate(house, principal, key, overlap_seconds=3600):
    fields = {"key_id": key.id, "overlap_seconds": overlap_seconds}
    return act(house, services.rotate_collector_key, principal, **fields)


def act(house, verb, principal, **fields):
    reach = Reach.organisation(principal.organisation_id)
    return house.do(verb, house.kit.entropy, principal, reach=reach, **fields)


def revoke(house, principal, key):
    reach = Reach.organisation(principal.organisation_id)
    house.do(services.revoke_collector_key, principal, reach=reach, key_id=key.id)


def shows(house, text):
    return house.authenticator.authenticate(f"Bearer {text}")


def stored(house, key):
    with house.units.begin(Reach.EXCHANGE) as uow:
        return uow.session.get_one(CollectorKey, key.id)


def events(house, kind):
    return [event for event in house.units.events if isinstance(event, kind)]


def test_a_key_is_a_machine_of_its_organisation_that_may_handle_consents_only(house, supplier):
    issued = issue(house, supplier, networks=["203.0.113.0/24"], requests_per_minute=7)
    machine = shows(house, issued.text)
    assert machine.id == issued.collector_key.collector_id
    assert machine.organisation_id == supplier.organisation_id
    assert machine.permissions == COLLECTOR_PERMISSIONS
    assert {each for each in Permission if machine.may(each)} == COLLECTOR_PERMISSIONS
    assert (machine.is_machine, machine.roles, machine.is_exchange_staff) == (True, set(), False)
    assert (machine.networks, machine.requests_per_minute) == (("203.0.113.0/24",), 7)


def test_the_text_is_stored_nowhere_and_told_to_nobody(house, supplier):
    issued = issue(house, supplier)
    with house.units.begin(Reach.EXCHANGE) as uow:
        (kept,) = uow.session.scalars(select(CollectorKey))
    assert kept.secret_hash == hashlib.sha256(issued.text.encode()).hexdigest()
    assert issued.text.startswith(f"cfc_{kept.hint}_")
    assert issued.text[13:] not in repr(vars(kept))
    (event,) = events(house, CollectorKeyIssued)
    assert issued.text not in repr(event)
    assert kept.secret_hash not in repr(event)


def test_a_key_lives_a_year_unless_told_otherwise(house, supplier):
    now = house.units.clock.now()
    assert issue(house, supplier).collector_key.expires_at == now + LIFETIME_MAX
    sooner = now + timedelta(days=1)
    assert issue(house, supplier, expires_at=sooner).collector_key.expires_at == sooner


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_key_ends_in_the_future_and_within_a_year(house, supplier, days):
    with pytest.raises(CollectorKeyTermRefused):
        issue(house, supplier, expires_at=house.units.clock.now() + timedelta(days=days))


def test_a_false_network_issues_nothing(house, supplier):
    with pytest.raises(InvalidNetwork):
        issue(house, supplier, networks=["203.0.113.1/24"])
    assert events(house, CollectorKeyIssued) == []


def test_who_only_buys_has_nothing_to_collect_for(house):
    with pytest.raises(CollectorNeedsSupplier):
        issue(house, house.register(is_supplier=False))


def test_an_expired_key_is_refused_to_the_instant(house, supplier):
    clock = house.units.clock
    issued = issue(house, supplier, expires_at=clock.now() + timedelta(hours=1))
    clock.advance(seconds=3_599)
    assert shows(house, issued.text)
    clock.advance(seconds=1)
    with pytest.raises(CollectorKeyRefused):
        shows(house, issued.text)


def test_a_revoked_key_is_refused_and_a_second_revocation_changes_nothing(house, supplier):
    issued = issue(house, supplier)
    revoke(house, supplier, issued.collector_key)
    with pytest.raises(CollectorKeyRefused):
        shows(house, issued.text)
    revoke(house, supplier, issued.collector_key)
    (event,) = events(house, CollectorKeyRevoked)
    assert event.key_id == issued.collector_key.id
    assert stored(house, issued.collector_key).revoked_by == supplier.id


@pytest.mark.parametrize("text", ["cfc_", "cfc_00000000_" + "A" * 43, "cfc_" + "x" * 5_000])
def test_a_text_that_nobody_was_given_is_refused(house, supplier, text):
    issue(house, supplier)
    with pytest.raises(CollectorKeyRefused):
        shows(house, text)


def test_one_changed_character_is_another_key(house, supplier):
    text = issue(house, supplier).text
    with pytest.raises(CollectorKeyRefused):
        shows(house, text[:-1] + ("A" if text[-1] != "A" else "B"))


def test_a_successor_is_the_same_collector_and_both_work_for_the_overlap(house, supplier):
    old = issue(house, supplier, networks=["203.0.113.0/24"], requests_per_minute=9)
    new = rotate(house, supplier, old.collector_key)
    assert new.text != old.text
    assert shows(house, new.text) == shows(house, old.text)
    assert stored(house, old.collector_key).state(house.units.clock.now()) == "rotated"
    house.units.clock.advance(seconds=3600)
    with pytest.raises(CollectorKeyRefused):
        shows(house, old.text)
    assert shows(house, new.text).requests_per_minute == 9


def test_a_rotation_without_overlap_ends_the_old_key_at_once(house, supplier):
    old = issue(house, supplier)
    rotate(house, supplier, old.collector_key, overlap_seconds=0)
    with pytest.raises(CollectorKeyRefused):
        shows(house, old.text)


def test_only_the_live_key_is_rotated(house, supplier):
    old = issue(house, supplier)
    rotate(house, supplier, old.collector_key)
    with pytest.raises(CollectorKeyNotLive):
        rotate(house, supplier, old.collector_key)


def test_keys_are_bounded_and_a_revocation_makes_room(house, supplier):
    keys = [issue(house, supplier).collector_key for _ in range(KEYS_MAX)]
    with pytest.raises(CollectorKeyLimitReached):
        issue(house, supplier)
    with pytest.raises(CollectorKeyLimitReached):
        rotate(house, supplier, keys[0])
    revoke(house, supplier, keys[1])
    assert issue(house, supplier)


def test_another_organisation_neither_rotates_nor_revokes_it(house, supplier):
    key = issue(house, supplier).collector_key
    stranger = house.register()
    with pytest.raises(CollectorKeyNotFound):
        rotate(house, stranger, key)
    with pytest.raises(CollectorKeyNotFound):
        revoke(house, stranger, key)


def test_the_last_use_is_known_to_the_hour(house, supplier):
    clock, issued = house.units.clock, issue(house, supplier)
    assert stored(house, issued.collector_key).last_used_at is None
    shows(house, issued.text)
    first = clock.now()
    clock.advance(seconds=USE_NOTED_EVERY.total_seconds() - 1)
    shows(house, issued.text)
    assert stored(house, issued.collector_key).last_used_at == first
    clock.advance(seconds=1)
    shows(house, issued.text)
    assert stored(house, issued.collector_key).last_used_at == clock.now()
