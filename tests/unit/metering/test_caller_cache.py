"""A key that was used before is used at once, and looked at again beside the call."""

from types import SimpleNamespace

import psycopg
import pytest
from typing_extensions import override

from metering.calls import caller_cache
from metering.calls.caller_cache import CallerCache

HASH = "ab" * 32
BEFORE = SimpleNamespace(key_id="key_1", secret_hash=HASH, name="before")
AFTER = SimpleNamespace(key_id="key_1", secret_hash=HASH, name="after")


class Callers(CallerCache):
    """Over a store that is an attribute; ``asked`` is how often it was."""

    def __init__(self):
        super().__init__(None, None, fresh_seconds=0.0)
        self.stored = BEFORE
        self.is_reachable = True
        self.asked = 0

    @override
    def _confirm_unchanged(self, entries):
        self.asked += 1
        if not self.is_reachable:
            raise psycopg.OperationalError
        return [key for key, entry in entries.items() if entry.view is not self.stored]

    @override
    def _load(self, secret_hash):
        return self.stored


@pytest.fixture
def callers():
    made = Callers()
    assert made.find(HASH) is BEFORE
    return made


def test_a_call_does_not_wait_for_the_look_at_its_key(callers):
    later = []
    assert callers.remembered(HASH, later.append) is BEFORE
    assert (len(later), callers.asked) == (1, 0)


def test_one_look_at_a_time_serves_all_calls(callers):
    later = []
    for _ in range(10):
        assert callers.remembered(HASH, later.append) is BEFORE
    assert len(later) == 1
    later.pop()()
    assert callers.asked == 1
    callers.remembered(HASH, later.append)
    assert len(later) == 1


def test_keys_that_are_due_together_are_looked_at_together(callers):
    other = "cd" * 32
    assert callers.find(other) is BEFORE
    later = []
    for secret_hash in (HASH, other, HASH):
        callers.remembered(secret_hash, later.append)
    assert len(later) == 1
    callers.stored = AFTER
    later.pop()()
    assert callers.asked == 1
    assert callers.remembered(HASH, later.append) is AFTER
    assert callers.remembered(other, later.append) is AFTER
    assert len(later) == 1, "the look that was over does not keep the next one from being made"


@pytest.mark.parametrize("stored", [AFTER, None], ids=["changed", "gone"])
def test_what_the_look_finds_holds_for_the_next_call(callers, stored):
    later = []
    callers.stored = stored
    assert callers.remembered(HASH, later.append) is BEFORE
    later.pop()()
    assert callers.remembered(HASH, later.append) is stored


def test_where_the_look_is_made_at_once_its_finding_holds_for_this_call(callers):
    callers.stored = AFTER
    assert callers.remembered(HASH, lambda action: action()) is AFTER


def test_a_look_that_finds_no_database_is_made_again(callers):
    later = []
    callers.is_reachable = False
    callers.remembered(HASH, later.append)
    with pytest.raises(psycopg.OperationalError):
        later.pop()()
    callers.is_reachable, callers.stored = True, AFTER
    assert callers.remembered(HASH, lambda action: action()) is AFTER


def test_a_key_that_was_long_unused_is_waited_for(callers, monkeypatch):
    monkeypatch.setattr(caller_cache, "KEPT_SECONDS", 0.0)
    later = []
    assert callers.remembered(HASH, later.append) is None
    assert not later


def test_finding_is_never_content_with_what_is_remembered(callers):
    callers.stored = AFTER
    assert callers.find(HASH) is AFTER
