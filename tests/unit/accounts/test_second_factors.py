"""The second factor, from enrolment to proof."""

import threading

import pyotp
import pytest
from sqlalchemy import select

from app.accounts import services
from app.accounts.access_models import SecondFactor
from app.accounts.one_time_codes import STEP_SECONDS
from app.accounts.sign_in_errors import (
    ConfirmationRefused,
    NoEnrolmentPending,
    OneTimeCodeNeeded,
    OneTimeCodeRefused,
    SecondFactorHeld,
    SessionOver,
    SignInRefused,
    SignInThrottled,
)
from app.accounts.throttling import ATTEMPTS_FREE
from app.core.cipher import CannotDecrypt
from app.core.principals import Permission
from app.core.reach import Reach

EMAIL = "operator@exchange.cn"


@pytest.fixture
def operator(house):
    return house.open()


def code(house, secret, steps=0):
    """The code of the house's present, or of some steps later."""
    return pyotp.TOTP(secret).at(house.units.clock.now(), counter_offset=steps)


def enrol(house, person):
    return house.do(services.enrol_second_factor, house.kit, person)


def confirm(house, person, one_time_code):
    house.do(
        services.confirm_second_factor,
        house.kit,
        person,
        one_time_code=one_time_code,
        session_id=person.session_id,
    )


def hold(house):
    """A confirmed second factor, a moment ago."""
    person = house.sign_in_claims(EMAIL)
    secret = enrol(house, person).secret
    confirm(house, person, code(house, secret))
    house.units.clock.advance(seconds=STEP_SECONDS)
    return secret


def test_staff_without_second_factor_have_no_staff_permission(house, operator):
    person = house.sign_in_claims(EMAIL)
    assert not person.may(Permission.MANAGE_STAFF)


def test_staff_with_second_factor_have(house, operator):
    secret = hold(house)
    person = house.authenticate(house.sign_in(EMAIL, one_time_code=code(house, secret)))
    assert person.has_second_factor
    assert person.may(Permission.MANAGE_STAFF)


def test_a_refreshed_session_keeps_its_second_factor(house, operator):
    secret = hold(house)
    tokens = house.refresh(house.sign_in(EMAIL, one_time_code=code(house, secret)))
    assert house.authenticate(tokens).has_second_factor


def test_an_enrolment_counts_from_its_confirmation_on(house, operator):
    enrol(house, house.sign_in_claims(EMAIL))
    assert not house.sign_in_claims(EMAIL).has_second_factor


def test_the_secret_is_stored_encrypted_and_bound_to_the_person(house, operator):
    secret = hold(house)
    with house.units.begin(Reach.EXCHANGE) as uow:
        (factor,) = uow.session.scalars(select(SecondFactor))
    assert secret.encode() not in factor.secret_ciphertext
    with pytest.raises(CannotDecrypt):
        house.kit.cipher.decrypt(factor.secret_ciphertext, context="second-factor:psn_other")


def test_a_wrong_code_confirms_nothing(house, operator):
    person = house.sign_in_claims(EMAIL)
    secret = enrol(house, person).secret
    with pytest.raises(ConfirmationRefused):
        confirm(house, person, code(house, secret, steps=5))
    assert not house.sign_in_claims(EMAIL).has_second_factor


def test_nothing_pending_cannot_be_confirmed(house, operator):
    with pytest.raises(NoEnrolmentPending):
        confirm(house, house.sign_in_claims(EMAIL), "123456")


def test_a_confirmation_is_good_once(house, operator):
    person = house.sign_in_claims(EMAIL)
    secret = enrol(house, person).secret
    confirm(house, person, code(house, secret))
    with pytest.raises(NoEnrolmentPending):
        confirm(house, person, code(house, secret))


def test_asking_again_replaces_an_unconfirmed_secret(house, operator):
    person = house.sign_in_claims(EMAIL)
    first, second = enrol(house, person).secret, enrol(house, person).secret
    with pytest.raises(ConfirmationRefused):
        confirm(house, person, code(house, first))
    confirm(house, person, code(house, second))


def test_the_confirmation_ends_sessions_without_it_elsewhere(house, operator):
    elsewhere = house.sign_in(EMAIL)
    hold(house)
    with pytest.raises(SessionOver):
        house.authenticate(elsewhere)


def test_the_code_is_needed_from_then_on(house, operator):
    hold(house)
    with pytest.raises(OneTimeCodeNeeded):
        house.sign_in(EMAIL)


def test_nobody_learns_about_a_second_factor_without_the_password(house, operator):
    hold(house)
    with pytest.raises(SignInRefused):
        house.sign_in(EMAIL, "not the password", one_time_code="123456")


def test_the_confirming_code_does_not_sign_in(house, operator):
    person = house.sign_in_claims(EMAIL)
    secret = enrol(house, person).secret
    confirm(house, person, code(house, secret))
    with pytest.raises(OneTimeCodeRefused):
        house.sign_in(EMAIL, one_time_code=code(house, secret))


def test_a_code_signs_in_once(house, operator):
    secret = hold(house)
    present = code(house, secret)
    house.sign_in(EMAIL, one_time_code=present)
    with pytest.raises(OneTimeCodeRefused):
        house.sign_in(EMAIL, one_time_code=present)


def test_an_earlier_code_is_spent_with_a_later_one(house, operator):
    secret = hold(house)
    present = code(house, secret)
    house.sign_in(EMAIL, one_time_code=code(house, secret, steps=1))
    with pytest.raises(OneTimeCodeRefused):
        house.sign_in(EMAIL, one_time_code=present)


def test_of_two_uses_at_once_one_signs_in(house, operator):
    secret = hold(house)
    present, start, outcomes = code(house, secret), threading.Barrier(2), []

    def attempt():
        start.wait()
        try:
            outcomes.append(bool(house.sign_in(EMAIL, one_time_code=present)))
        except OneTimeCodeRefused:
            outcomes.append(False)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, True]


def test_guessing_codes_locks_like_guessing_passwords(house, operator):
    secret = hold(house)
    wrong = code(house, secret, steps=9)
    for _ in range(ATTEMPTS_FREE):
        with pytest.raises(OneTimeCodeRefused):
            house.sign_in(EMAIL, one_time_code=wrong)
    with pytest.raises(SignInThrottled):
        house.sign_in(EMAIL, one_time_code=code(house, secret))


def test_only_who_signed_in_with_it_replaces_a_second_factor(house, operator):
    person = house.sign_in_claims(EMAIL)
    secret = enrol(house, person).secret
    confirm(house, person, code(house, secret))
    with pytest.raises(SecondFactorHeld):
        enrol(house, person)
    house.units.clock.advance(seconds=STEP_SECONDS)
    holder = house.authenticate(house.sign_in(EMAIL, one_time_code=code(house, secret)))
    replacement = enrol(house, holder).secret
    confirm(house, holder, code(house, replacement))
    house.units.clock.advance(seconds=STEP_SECONDS)
    with pytest.raises(OneTimeCodeRefused):
        house.sign_in(EMAIL, one_time_code=code(house, secret))
    assert house.sign_in(EMAIL, one_time_code=code(house, replacement)).has_second_factor
