"""API keys: issued for a licence, rotated, revoked."""

import hashlib
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts import queries, services
from app.accounts.access_models import ApiKey
from app.accounts.errors import (
    ApiKeyLimitReached,
    ApiKeyNotFound,
    ApiKeyNotLive,
    InvalidNetwork,
    KeyOutlivesLicence,
    LicenceNotHeld,
    LicenceOver,
)
from app.accounts.events import ApiKeyIssued, ApiKeyRevoked
from app.accounts.services.api_keys import KEYS_MAX, LIFETIME_MAX
from app.core.reach import Reach

LICENCE = "lic_" + "1" * 26


@pytest.fixture
def buyer(house):
    owner = house.register(is_supplier=False)
    house.do(
        services.note_licence,
        licence_id=LICENCE,
        buyer_id=owner.organisation_id,
        ends_at=house.units.clock.now() + timedelta(days=90),
    )
    return owner


def issue(house, principal, **fields):
    asked = {"licence_id": LICENCE, "name": "night batch", "networks": ["203.0.113.0/24"]}
    reach = Reach.organisation(principal.organisation_id)
    return house.do(
        services.issue_api_key, house.kit.entropy, principal, reach=reach, **asked | fields
    )


def rotate(house, principal, key, overlap_seconds=3600):
    reach = Reach.organisation(principal.organisation_id)
    return house.do(
        services.rotate_api_key,
        house.kit.entropy,
        principal,
        reach=reach,
        key_id=key.id,
        overlap_seconds=overlap_seconds,
    )


def events(house, kind):
    return [event for event in house.units.events if isinstance(event, kind)]


def test_a_key_expires_with_its_licence_unless_told_otherwise(house, buyer):
    now = house.units.clock.now()
    assert issue(house, buyer).api_key.expires_at == now + timedelta(days=90)
    sooner = now + timedelta(days=1)
    assert issue(house, buyer, expires_at=sooner).api_key.expires_at == sooner


def test_the_data_plane_is_told_the_hash_and_never_the_text(house, buyer):
    issued = issue(house, buyer)
    (event,) = events(house, ApiKeyIssued)
    assert event.secret_hash == hashlib.sha256(issued.text.encode()).hexdigest()
    assert (event.key_id, event.licence_id) == (issued.api_key.id, LICENCE)
    assert event.organisation_id == buyer.organisation_id
    assert event.networks == ("203.0.113.0/24",)
    assert issued.text not in repr(event)


def test_the_text_is_stored_nowhere(house, buyer):
    issued = issue(house, buyer)
    with house.units.begin(Reach.EXCHANGE) as uow:
        (kept,) = uow.session.scalars(select(ApiKey))
    assert issued.text[13:] not in repr(vars(kept))
    assert issued.text.startswith(f"cfk_{kept.hint}_")


def test_a_long_licence_does_not_make_a_key_longer_than_a_year(house, buyer):
    now = house.units.clock.now()
    house.do(
        services.note_licence,
        licence_id=LICENCE,
        buyer_id=buyer.organisation_id,
        ends_at=now + timedelta(days=2000),
    )
    assert issue(house, buyer).api_key.expires_at == now + LIFETIME_MAX


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_a_key_ends_in_the_future_and_not_after_its_licence(house, buyer, days):
    with pytest.raises(KeyOutlivesLicence):
        issue(house, buyer, expires_at=house.units.clock.now() + timedelta(days=days))


def test_a_key_needs_a_licence(house, buyer):
    with pytest.raises(LicenceNotHeld):
        issue(house, buyer, licence_id="lic_" + "2" * 26)


def test_a_licence_of_somebody_else_does_not_count(house, buyer):
    with pytest.raises(LicenceNotHeld):
        issue(house, house.register())


def test_a_false_network_issues_nothing(house, buyer):
    with pytest.raises(InvalidNetwork):
        issue(house, buyer, networks=["203.0.113.1/24"])
    assert events(house, ApiKeyIssued) == []


def test_an_ended_licence_gets_no_key_and_no_rotation(house, buyer):
    key = issue(house, buyer).api_key
    house.do(services.note_licence_ended, licence_id=LICENCE)
    with pytest.raises(LicenceOver):
        issue(house, buyer)
    with pytest.raises(LicenceOver):
        rotate(house, buyer, key)


def test_hearing_of_a_licence_again_does_not_revive_it(house, buyer):
    house.do(services.note_licence_ended, licence_id=LICENCE)
    house.do(
        services.note_licence,
        licence_id=LICENCE,
        buyer_id=buyer.organisation_id,
        ends_at=house.units.clock.now() + timedelta(days=90),
    )
    with pytest.raises(LicenceOver):
        issue(house, buyer)


def test_an_expired_licence_gets_no_key(house, buyer):
    house.units.clock.advance(seconds=timedelta(days=90).total_seconds())
    with pytest.raises(LicenceOver):
        issue(house, buyer)


def test_the_end_of_a_licence_leaves_its_keys_known(house, buyer):
    issue(house, buyer)
    house.do(services.note_licence_ended, licence_id=LICENCE)
    assert events(house, ApiKeyRevoked) == []


def test_a_rotation_lets_the_old_key_work_for_the_overlap(house, buyer):
    now = house.units.clock.now()
    old = issue(house, buyer).api_key
    new = rotate(house, buyer, old, overlap_seconds=600)
    told = {event.key_id: event for event in events(house, ApiKeyIssued)}
    assert told[old.id].expires_at == now + timedelta(seconds=600)
    assert told[new.api_key.id].expires_at == old.expires_at
    assert told[new.api_key.id].networks == ("203.0.113.0/24",)
    assert new.api_key.name == "night batch"


def test_a_rotation_renews_the_lifetime_within_the_licence(house, buyer):
    start = house.units.clock.now()
    old = issue(house, buyer, expires_at=start + timedelta(days=10)).api_key
    house.units.clock.advance(seconds=timedelta(days=9).total_seconds())
    new = rotate(house, buyer, old).api_key
    assert new.expires_at == start + timedelta(days=19)


def test_an_overlap_does_not_make_the_old_key_live_longer(house, buyer):
    now = house.units.clock.now()
    old = issue(house, buyer, expires_at=now + timedelta(seconds=60)).api_key
    rotate(house, buyer, old, overlap_seconds=600)
    assert events(house, ApiKeyIssued)[-1].expires_at == now + timedelta(seconds=60)


def test_a_rotated_key_is_not_rotated_again(house, buyer):
    old = issue(house, buyer).api_key
    rotate(house, buyer, old)
    with pytest.raises(ApiKeyNotLive) as refused:
        rotate(house, buyer, old)
    assert refused.value.facts["state"] == "rotated"


def test_an_expired_key_is_not_rotated(house, buyer):
    now = house.units.clock.now()
    old = issue(house, buyer, expires_at=now + timedelta(seconds=60)).api_key
    house.units.clock.advance(seconds=60)
    with pytest.raises(ApiKeyNotLive) as refused:
        rotate(house, buyer, old)
    assert refused.value.facts["state"] == "expired"


def test_of_two_rotations_at_once_one_wins(house, buyer):
    old = issue(house, buyer).api_key
    start, outcomes = threading.Barrier(2), []

    def attempt():
        start.wait()
        try:
            outcomes.append(rotate(house, buyer, old).api_key.id)
        except ApiKeyNotLive:
            outcomes.append(None)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(None) == 1


def test_a_revocation_is_told_once(house, buyer):
    key = issue(house, buyer).api_key
    for _ in range(2):
        house.do(services.revoke_api_key, buyer, key_id=key.id)
    assert [event.key_id for event in events(house, ApiKeyRevoked)] == [key.id]
    with pytest.raises(ApiKeyNotLive):
        rotate(house, buyer, key)


def test_nobody_touches_a_key_of_another_organisation(house, buyer):
    key = issue(house, buyer).api_key
    other = house.register()
    with pytest.raises(ApiKeyNotFound):
        house.do(services.revoke_api_key, other, key_id=key.id)
    with pytest.raises(ApiKeyNotFound):
        rotate(house, other, key)
    page = house.do(
        queries.list_api_keys, other.organisation_id, licence_id=None, cursor=None, limit=100
    )
    assert page.items == []


def test_keys_are_listed_by_licence(house, buyer):
    key = issue(house, buyer).api_key
    listed = [
        house.do(
            queries.list_api_keys, buyer.organisation_id, licence_id=licence, cursor=None, limit=10
        )
        for licence in (LICENCE, "lic_" + "2" * 26)
    ]
    assert [[item.id for item in page.items] for page in listed] == [[key.id], []]


def test_a_licence_has_a_bounded_number_of_usable_keys(house, buyer):
    keys = [issue(house, buyer).api_key for _ in range(KEYS_MAX)]
    with pytest.raises(ApiKeyLimitReached):
        issue(house, buyer)
    house.do(services.revoke_api_key, buyer, key_id=keys[0].id)
    assert issue(house, buyer)
