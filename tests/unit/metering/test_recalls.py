"""Recalls are answered in a thread of their own, and none is lost to another that failed."""

import queue
import threading

import pytest

from metering.leases.recalls import RecallAnswers


class Leases:
    """Gives back while the gate is open; remembers what."""

    def __init__(self):
        self.gate = threading.Event()
        self.begun, self.given_back = queue.Queue(), queue.Queue()

    def give_back(self, subjects):
        self.begun.put(subjects)
        assert self.gate.wait(20)
        if "lic_broken" in subjects:
            raise LookupError
        self.given_back.put(subjects)


@pytest.fixture
def leases():
    return Leases()


@pytest.fixture
def recalls(leases):
    made = RecallAnswers({"recall": leases.give_back})
    yield made
    leases.gate.set()
    made.close()


def asked(*licence_ids):
    return frozenset(licence_ids)


def test_who_asks_does_not_wait(recalls, leases):
    assert recalls.ask("recall", asked("lic_1"))
    assert leases.begun.get(timeout=20) == asked("lic_1")
    assert leases.given_back.empty()


def test_what_is_no_recall_is_left_to_others(recalls):
    assert not recalls.ask("licence", asked("lic_1"))


def test_who_asks_meanwhile_is_answered_together(recalls, leases):
    recalls.ask("recall", asked("lic_1"))
    leases.begun.get(timeout=20)
    for licence_id in ("lic_2", "lic_3", "lic_2"):
        recalls.ask("recall", asked(licence_id))
    leases.gate.set()
    assert leases.given_back.get(timeout=20) == asked("lic_1")
    assert leases.given_back.get(timeout=20) == asked("lic_2", "lic_3")


def test_one_that_fails_does_not_end_the_others(recalls, leases):
    leases.gate.set()
    recalls.ask("recall", asked("lic_broken"))
    leases.begun.get(timeout=20)
    recalls.ask("recall", asked("lic_1"))
    assert leases.given_back.get(timeout=20) == asked("lic_1")


def test_after_closing_nothing_is_given_back(leases):
    recalls = RecallAnswers({"recall": leases.give_back})
    recalls.close()
    recalls.ask("recall", asked("lic_1"))
    assert not recalls._thread.is_alive()
    assert leases.begun.empty()
