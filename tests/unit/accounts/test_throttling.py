"""How many attempts an address has."""

from datetime import UTC, datetime, timedelta

from app.accounts.throttling import (
    ATTEMPTS_FREE,
    FORGOTTEN_AFTER,
    Attempts,
    lock_seconds,
    seconds_locked,
    with_attempt,
)

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_the_lock_starts_with_the_fifth_attempt_and_doubles_up_to_an_hour():
    seconds = [lock_seconds(count) for count in range(1, 14)]
    assert seconds == [0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_huge_count_still_locks_for_an_hour():
    assert lock_seconds(2**62) == 3600


def test_an_address_without_history_is_not_locked():
    assert seconds_locked(None, NOW) == 0


def test_the_wait_is_rounded_up_to_whole_seconds():
    attempts = Attempts(5, NOW, NOW + timedelta(seconds=59, milliseconds=1))
    assert seconds_locked(attempts, NOW) == 60


def test_the_wait_is_over_at_the_instant_it_ends():
    assert seconds_locked(Attempts(5, NOW, NOW), NOW) == 0


def test_attempts_add_up_until_the_lock():
    attempts = None
    for _ in range(ATTEMPTS_FREE):
        assert seconds_locked(attempts, NOW) == 0
        attempts = with_attempt(attempts, NOW)
    assert seconds_locked(attempts, NOW) == 60


def test_old_failures_are_forgotten():
    old = Attempts(9, NOW - FORGOTTEN_AFTER, None)
    assert with_attempt(old, NOW).count == 1


def test_younger_failures_are_not():
    young = Attempts(9, NOW - FORGOTTEN_AFTER + timedelta(seconds=1), None)
    assert with_attempt(young, NOW).count == 10


def test_the_most_patient_guesser_has_a_few_dozen_attempts_a_day():
    attempts, now, tried = None, NOW, 0
    while now < NOW + timedelta(days=1):
        attempts = with_attempt(attempts, now)
        tried += 1
        now += timedelta(seconds=seconds_locked(attempts, now))
    assert tried <= 40
