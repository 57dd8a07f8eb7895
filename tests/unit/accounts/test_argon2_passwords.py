"""Password hashing."""

import pytest
from argon2 import PasswordHasher

from app.accounts.argon2_passwords import Argon2Passwords
from tests.conftest import USUAL_PASSWORDS


@pytest.fixture(scope="module")
def passwords():
    return Argon2Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def test_the_password_matches_its_hash(passwords):
    assert passwords.matches(passwords.hash("correct horse"), "correct horse")


def test_another_password_does_not(passwords):
    assert not passwords.matches(passwords.hash("correct horse"), "Correct horse")


def test_a_damaged_hash_matches_nothing(passwords):
    assert not passwords.matches("$argon2id$damaged", "correct horse")


def test_the_same_password_has_two_hashes(passwords):
    assert passwords.hash("correct horse") != passwords.hash("correct horse")


def test_a_hash_with_other_parameters_asks_to_be_made_again(passwords):
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash("correct horse")
    assert passwords.needs_rehash(old)
    assert not passwords.needs_rehash(passwords.hash("correct horse"))


def test_nobody_is_compared_with_todays_parameters(passwords):
    passwords.matches_nobody("correct horse")
    assert not passwords.needs_rehash(passwords._nobody)


def test_the_default_is_the_low_memory_profile_of_the_rfc():
    text = Argon2Passwords(USUAL_PASSWORDS).hash("correct horse")
    assert text.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
