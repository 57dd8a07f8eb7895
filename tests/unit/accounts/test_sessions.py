"""Signing in, refreshing, signing out, and what a thief finds."""

import threading
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from app.accounts import queries, services
from app.accounts.access_models import RefreshToken, SignedInSession, SignInAttempts
from app.accounts.access_tokens import LIFETIME
from app.accounts.argon2_passwords import Argon2Passwords
from app.accounts.email_addresses import email_hash
from app.accounts.events import RefreshTokenReused
from app.accounts.models import Person
from app.accounts.session_rules import KEPT_AFTER_END, MEMBER_SESSION, STAFF_SESSION
from app.accounts.sign_in_errors import (
    AccessTokenRefused,
    SessionOver,
    SignInRefused,
    SignInThrottled,
)
from app.accounts.throttling import ATTEMPTS_FREE, FORGOTTEN_AFTER
from app.core.principals import Role
from app.core.reach import Reach
from tests.unit.accounts.house import PASSWORD

EMAIL = "owner@example.cn"
UNKNOWN = "nobody@example.cn"


@pytest.fixture
def owner(house):
    return house.register(email=EMAIL)


def stored(house, statement):
    with house.units.begin(Reach.EXCHANGE) as uow:
        return list(uow.session.scalars(statement))


def fail(house, email=EMAIL, times=1):
    for _ in range(times):
        with pytest.raises(SignInRefused):
            house.sign_in(email, "not the password")


def test_a_sign_in_gives_a_token_for_the_person(house, owner):
    person = house.authenticate(house.sign_in(EMAIL))
    assert (person.id, person.organisation_id) == (owner.id, owner.organisation_id)
    assert person.roles == owner.roles
    assert not person.has_second_factor
    assert not person.is_machine


def test_the_case_of_the_address_does_not_matter(house, owner):
    assert house.authenticate(house.sign_in(" Owner@Example.CN")).id == owner.id


def test_wrong_password_and_unknown_address_look_the_same(house, owner):
    refusals = []
    for email in (EMAIL, UNKNOWN):
        with pytest.raises(SignInRefused) as refused:
            house.sign_in(email, "not the password")
        refusals.append((refused.value.slug, refused.value.detail, refused.value.facts))
    assert refusals[0] == refusals[1]


def test_an_unknown_address_costs_a_verification_too(house, owner, monkeypatch):
    verified = []
    passwords = house.kit.passwords

    def note(_self, known, _given):
        verified.append(known)
        return False

    monkeypatch.setattr(type(passwords), "matches", note)
    fail(house, EMAIL)
    fail(house, UNKNOWN)
    assert [text.rsplit("$", 2)[0] for text in verified] == ["$argon2id$v=19$m=8,t=1,p=1"] * 2


@pytest.mark.parametrize("email", [EMAIL, UNKNOWN])
def test_an_address_is_locked_after_five_failures_known_or_not(house, owner, email):
    fail(house, email, ATTEMPTS_FREE)
    with pytest.raises(SignInThrottled) as throttled:
        house.sign_in(email, PASSWORD)
    assert throttled.value.retry_after_seconds == 60


def test_the_lock_passes_and_success_clears_the_count(house, owner):
    fail(house, EMAIL, ATTEMPTS_FREE)
    house.units.clock.advance(seconds=60)
    house.sign_in(EMAIL)
    fail(house, EMAIL, ATTEMPTS_FREE - 1)
    assert house.sign_in(EMAIL)


def test_the_next_failure_after_a_lock_locks_longer(house, owner):
    fail(house, EMAIL, ATTEMPTS_FREE)
    house.units.clock.advance(seconds=60)
    fail(house, EMAIL)
    with pytest.raises(SignInThrottled) as throttled:
        house.sign_in(EMAIL)
    assert throttled.value.retry_after_seconds == 120


def test_a_refused_attempt_during_the_lock_does_not_prolong_it(house, owner):
    fail(house, EMAIL, ATTEMPTS_FREE)
    for _ in range(3):
        with pytest.raises(SignInThrottled):
            house.sign_in(EMAIL)
    house.units.clock.advance(seconds=60)
    assert house.sign_in(EMAIL)


def test_one_address_does_not_lock_another(house, owner):
    fail(house, UNKNOWN, ATTEMPTS_FREE)
    assert house.sign_in(EMAIL)


def test_no_more_passwords_are_tried_at_once_than_one_after_the_other(house, owner):
    start, outcomes = threading.Barrier(16), []

    def attempt():
        start.wait()
        try:
            house.sign_in(EMAIL, "not the password")
        except (SignInRefused, SignInThrottled) as refusal:
            outcomes.append(type(refusal))

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(SignInRefused) == ATTEMPTS_FREE
    assert outcomes.count(SignInThrottled) == 16 - ATTEMPTS_FREE


def test_an_attempt_counts_although_the_process_dies_before_the_answer(house, owner):
    for _ in range(ATTEMPTS_FREE):
        house.do(services.reserve_attempt, email=EMAIL)
    with pytest.raises(SignInThrottled):
        house.do(services.reserve_attempt, email=EMAIL)


def test_the_throttle_keeps_no_address(house, owner):
    fail(house, UNKNOWN)
    kept = stored(house, select(SignInAttempts))
    assert [row.email_hash for row in kept] == [email_hash(UNKNOWN)]


def test_a_weak_hash_is_made_again_at_the_next_sign_in(house, owner, kit, monkeypatch):
    stronger = Argon2Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    house.kit = type(kit)(stronger, kit.access_keys, kit.cipher, kit.entropy)
    house.sign_in(EMAIL)
    person = house.do(queries.get_person, owner.organisation_id, owner.id)
    assert "$m=8,t=2,p=1$" in person.password_hash
    assert house.sign_in(EMAIL)


def test_a_refresh_gives_new_tokens_of_the_same_session(house, owner):
    first = house.sign_in(EMAIL)
    second = house.refresh(first)
    assert second.refresh_token != first.refresh_token
    sessions = {house.authenticate(tokens).session_id for tokens in (first, second)}
    assert len(sessions) == 1


def test_a_refresh_token_is_stored_by_hash_only(house, owner):
    tokens = house.sign_in(EMAIL)
    kept = stored(house, select(RefreshToken))
    assert len(kept) == 1
    assert tokens.refresh_token not in repr(vars(kept[0]))


def test_a_rotated_token_that_comes_back_ends_the_whole_session(house, owner):
    stolen = house.sign_in(EMAIL)
    kept = house.refresh(stolen)
    assert house.refresh(stolen) is None
    assert house.refresh(kept) is None
    with pytest.raises(SessionOver):
        house.authenticate(kept)
    reused = [e for e in house.units.events if isinstance(e, RefreshTokenReused)]
    assert [(e.person_id, e.organisation_id) for e in reused] == [(owner.id, owner.organisation_id)]


def test_a_theft_is_told_once_and_leaves_other_sessions_alone(house, owner):
    other = house.sign_in(EMAIL)
    stolen = house.sign_in(EMAIL)
    house.refresh(stolen)
    for _ in range(3):
        assert house.refresh(stolen) is None
    assert sum(isinstance(e, RefreshTokenReused) for e in house.units.events) == 1
    assert house.refresh(other)


def test_of_two_refreshes_at_once_at_most_one_wins_and_the_session_ends(house, owner):
    tokens = house.sign_in(EMAIL)
    start, results = threading.Barrier(2), []

    def refresh():
        start.wait()
        results.append(house.refresh(tokens))

    threads = [threading.Thread(target=refresh) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result is None for result in results) == 1
    (session,) = stored(house, select(SignedInSession))
    assert session.end_reason == "refresh_token_reused"


def test_an_unknown_refresh_token_is_refused(house):
    assert house.do(services.refresh_session, house.kit, refresh_token="cfr_invented") is None


def test_an_idle_session_ends_after_a_week(house, owner):
    tokens = house.sign_in(EMAIL)
    house.units.clock.advance(seconds=timedelta(days=7).total_seconds())
    assert house.refresh(tokens) is None


def test_a_busy_session_ends_after_a_month(house, owner):
    last = house.sign_in(EMAIL)
    for _ in range(4):
        house.units.clock.advance(seconds=timedelta(days=6).total_seconds())
        last = house.refresh(last)
    house.units.clock.advance(seconds=timedelta(days=6).total_seconds())
    assert house.refresh(last) is None
    assert last.refresh_expires_at == house.units.clock.now()


def test_a_session_of_staff_ends_after_half_a_day(house):
    house.open()
    tokens = house.sign_in("operator@exchange.cn")
    assert tokens.refresh_expires_at == house.units.clock.now() + STAFF_SESSION
    assert STAFF_SESSION < MEMBER_SESSION


@pytest.fixture
def former_auditor(house):
    """Somebody of the exchange who signed in without a role, and what gives the role back."""
    operator = house.open()
    person = house.add_staff(operator, Role.AUDITOR, "auditor@exchange.cn")
    given = {"person_id": person.id, "role": Role.AUDITOR}
    house.do(services.withdraw_role, operator, **given)
    return lambda: house.do(services.grant_role, operator, **given)


def test_whoever_becomes_staff_in_a_session_has_it_no_longer_than_staff(house, former_auditor):
    signed_in_at = house.units.clock.now()
    tokens = house.sign_in("auditor@exchange.cn")
    assert tokens.refresh_expires_at > signed_in_at + STAFF_SESSION
    house.units.clock.advance(seconds=3600)
    former_auditor()
    refreshed = house.refresh(tokens)
    assert house.authenticate(refreshed).roles == {Role.AUDITOR}
    assert refreshed.refresh_expires_at == signed_in_at + STAFF_SESSION


def test_whoever_becomes_staff_after_half_a_day_signs_in_again(house, former_auditor):
    tokens = house.sign_in("auditor@exchange.cn")
    house.units.clock.advance(seconds=STAFF_SESSION.total_seconds())
    former_auditor()
    assert house.refresh(tokens) is None
    assert house.authenticate(house.sign_in("auditor@exchange.cn")).roles == {Role.AUDITOR}


def test_an_access_token_ends_after_ten_minutes_and_is_refreshed(house, owner):
    tokens = house.sign_in(EMAIL)
    house.units.clock.advance(seconds=LIFETIME.total_seconds())
    with pytest.raises(AccessTokenRefused):
        house.authenticate(tokens)
    assert house.authenticate(house.refresh(tokens)).id == owner.id


def test_signing_out_ends_this_session_only(house, owner):
    here, elsewhere = house.sign_in(EMAIL), house.sign_in(EMAIL)
    reach = Reach.organisation(owner.organisation_id)
    session_id = house.authenticate(here).session_id
    for _ in range(2):
        house.do(services.end_session, session_id, reach=reach)
    with pytest.raises(SessionOver):
        house.authenticate(here)
    assert house.refresh(here) is None
    assert house.authenticate(elsewhere)


def test_nobody_signs_out_a_session_of_another_organisation(house, owner):
    tokens = house.sign_in(EMAIL)
    other = house.register(email="other@example.cn")
    session_id = house.authenticate(tokens).session_id
    reach = Reach.organisation(other.organisation_id)
    house.do(services.end_session, session_id, reach=reach)
    assert house.authenticate(tokens).id == owner.id


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic b3duZXI6", "Bearer cfk_0a1b2c3d_x", "x"]
)
def test_another_header_is_refused(house, header):
    with pytest.raises(AccessTokenRefused):
        house.authenticator.authenticate(header)


def test_no_header_is_no_principal(house):
    assert house.authenticator.authenticate(None) is None


def test_a_token_of_a_session_that_was_never_opened_is_over(house, owner, kit):
    tokens = house.sign_in(EMAIL)
    with house.units.begin(Reach.EXCHANGE) as uow:
        for session in uow.session.scalars(select(SignedInSession)):
            uow.session.delete(session)
        uow.commit()
    with pytest.raises(SessionOver):
        house.authenticate(tokens)


def test_what_is_stale_is_forgotten_in_portions(house, owner):
    fail(house, UNKNOWN)
    for _ in range(3):
        house.sign_in(EMAIL)
    assert house.do(services.forget_stale_access) == 0
    wait = max(FORGOTTEN_AFTER, MEMBER_SESSION + KEPT_AFTER_END) + timedelta(seconds=1)
    house.units.clock.advance(seconds=wait.total_seconds())
    assert house.do(services.forget_stale_access, portion=1) == 2
    assert house.do(services.forget_stale_access) == 3
    assert stored(house, select(RefreshToken)) == []


NEW_PASSWORD = "a longer walk by the river"


def _change_password(house, owner, person):
    tokens = house.sign_in(person.email)
    house.do(
        services.change_password,
        house.kit.passwords,
        house.authenticate(tokens),
        present_password=PASSWORD,
        new_password=NEW_PASSWORD,
        session_id=house.authenticate(tokens).session_id,
    )


def _reset_access(house, owner, person):
    house.do(services.reset_access, house.kit, owner, person_id=person.id)


def _deactivate(house, owner, person):
    house.do(services.deactivate_person, owner, person_id=person.id)


@pytest.fixture
def while_verifying(house, monkeypatch):
    """Has something happen once, while a password is being verified."""

    def arrange(happens):
        matches, waiting = Argon2Passwords.matches, [happens]

        def verify(passwords, known, given):
            found = matches(passwords, known, given)
            if waiting:
                waiting.pop()()
            return found

        monkeypatch.setattr(Argon2Passwords, "matches", verify)

    return arrange


@pytest.mark.parametrize("end_access", [_change_password, _reset_access, _deactivate])
def test_no_session_opens_behind_an_end_of_access(house, owner, while_verifying, end_access):
    person = house.add(owner, [Role.BUYER], "buyer@example.cn")
    while_verifying(lambda: end_access(house, owner, person))
    with pytest.raises(SignInRefused):
        house.sign_in(person.email)
    sessions = stored(house, select(SignedInSession).where(SignedInSession.ended_at.is_(None)))
    # Whoever changes the password stays where they did it.
    assert len(sessions) == (end_access is _change_password)


def test_a_hash_that_another_sign_in_strengthened_meanwhile_is_verified_anew(
    house, owner, while_verifying
):
    stronger = Argon2Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))

    def strengthen():
        with house.units.begin(Reach.EXCHANGE) as uow:
            uow.session.get_one(Person, owner.id).password_hash = stronger.hash(PASSWORD)
            uow.commit()

    while_verifying(strengthen)
    assert house.authenticate(house.sign_in(EMAIL)).id == owner.id
