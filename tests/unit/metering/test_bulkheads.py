"""An upstream holds a share of the threads that are free; nobody's calls wait for a stranger's."""

import threading
from contextlib import ExitStack, contextmanager

import pytest

from metering.delivery.bulkheads import Bulkheads
from metering.delivery.errors import UpstreamBusy
from metering.waiting import ThreadWaiting, finish


def bulkheads_of(places):
    return Bulkheads(places, ThreadWaiting(None))


@contextmanager
def place(bulkheads, upstream):
    finish(bulkheads.enter(upstream))
    try:
        yield
    finally:
        bulkheads.leave(upstream)


def fill(bulkheads, upstream, stack, most=1000):
    """Take places until one is refused; how many there were."""
    for count in range(most):
        try:
            stack.enter_context(place(bulkheads, upstream))
        except UpstreamBusy:
            return count
    return most


@pytest.mark.parametrize(("threads", "share"), [(64, 48), (16, 12), (8, 6), (4, 3), (2, 2), (1, 1)])
def test_one_that_hangs_ends_at_three_quarters(threads, share):
    with ExitStack() as stack:
        assert fill(bulkheads_of(threads), "a", stack) == share


def test_some_stay_free_whoever_hangs_and_however_many():
    with ExitStack() as stack:
        bulkheads = bulkheads_of(64)
        held = [fill(bulkheads, name, stack) for name in "abc"]
        assert held[0] == 48
        assert sum(held) < 64
        stack.enter_context(place(bulkheads, "sound"))


def test_places_come_back_also_after_an_error():
    bulkheads = bulkheads_of(8)
    for _ in range(20):
        with pytest.raises(ValueError, match="x"), place(bulkheads, "a"):
            raise ValueError("x")
    with ExitStack() as stack:
        assert fill(bulkheads, "a", stack) == 6


def test_a_burst_on_an_upstream_that_answers_waits_its_turn():
    """As many calls as threads, each a moment long, all at once: none is refused."""
    bulkheads = bulkheads_of(8)
    moment = threading.Event()
    start, refused, served = threading.Barrier(8), [], []

    def calls():
        for _ in range(50):
            start.wait(10)
            try:
                with place(bulkheads, "a"):
                    moment.wait(0.001)
                    served.append(1)
            except UpstreamBusy:
                refused.append(1)

    threads = [threading.Thread(target=calls) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(served), len(refused)) == (400, 0)
