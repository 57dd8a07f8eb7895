"""What calls of one loop wait for together is fetched by one of them."""

import asyncio
from types import SimpleNamespace

import metering.waiting
from metering.loop_waiting import LoopWaiting
from metering.waiting import ThreadWaiting

TOGETHER = 20


class NoUpstream:
    """Nobody is asked."""

    send = None

    def close(self):
        pass


class Store:
    """Brings some at once, and remembers how often it was asked."""

    def __init__(self, brings):
        self.brings = brings
        self.left = 0
        self.asked = 0

    def held(self):
        if not self.left:
            return None
        self.left -= 1
        return "held"

    def fetch(self):
        self.asked += 1
        self.left += self.brings - 1
        return "fetched"


def in_loop(calls):
    async def run():
        waiting = LoopWaiting(asyncio.get_running_loop(), NoUpstream())
        try:
            return await asyncio.gather(*calls(waiting), return_exceptions=True)
        finally:
            waiting.close()

    return asyncio.run(run())


def test_a_burst_is_served_by_what_one_of_its_calls_fetched():
    store = Store(brings=TOGETHER)
    found = in_loop(
        lambda waiting: [
            waiting.in_turn("licence", store.held, store.fetch) for _ in range(TOGETHER)
        ]
    )
    assert sorted(found) == ["fetched"] + ["held"] * (TOGETHER - 1)
    assert store.asked == 1


def test_those_for_whom_the_first_brought_nothing_are_served_by_a_second():
    store = Store(brings=TOGETHER // 2)
    found = in_loop(
        lambda waiting: [
            waiting.in_turn("licence", store.held, store.fetch) for _ in range(TOGETHER)
        ]
    )
    assert sorted(found) == ["fetched"] * 2 + ["held"] * (TOGETHER - 2)
    assert store.asked == 2


def test_whoever_finds_nothing_left_asks_for_itself():
    store = Store(brings=1)
    found = in_loop(
        lambda waiting: [
            waiting.in_turn("licence", store.held, store.fetch) for _ in range(TOGETHER)
        ]
    )
    assert found == ["fetched"] * TOGETHER
    assert store.asked == TOGETHER


def test_one_subject_does_not_wait_for_another():
    stores = [Store(brings=1), Store(brings=1)]
    found = in_loop(
        lambda waiting: [
            waiting.in_turn(at, store.held, store.fetch) for at, store in enumerate(stores)
        ]
    )
    assert found == ["fetched"] * 2


def test_an_error_is_that_of_the_call_that_acted():
    asked = []

    def fetch():
        asked.append(1)
        if len(asked) == 1:
            raise ConnectionError
        return "fetched"

    first, *others = in_loop(
        lambda waiting: [waiting.in_turn("licence", lambda: None, fetch) for _ in range(3)]
    )
    assert isinstance(first, ConnectionError)
    assert others == ["fetched"] * 2


def test_a_call_that_is_given_up_ends_neither_the_turn_nor_the_others():
    store = Store(brings=3)

    async def run():
        waiting = LoopWaiting(asyncio.get_running_loop(), NoUpstream())
        calls = [
            asyncio.ensure_future(waiting.in_turn("licence", store.held, store.fetch))
            for _ in range(3)
        ]
        await asyncio.sleep(0)
        calls[1].cancel()
        try:
            return await asyncio.gather(*calls, return_exceptions=True)
        finally:
            waiting.close()

    first, given_up, last = asyncio.run(run())
    assert (first, last) == ("fetched", "held")
    assert isinstance(given_up, asyncio.CancelledError)


def test_an_error_that_no_call_waits_for_is_in_the_log(monkeypatch):
    logged = []
    monkeypatch.setattr(metering.waiting, "_log", SimpleNamespace(exception=logged.append))

    def fail():
        raise ConnectionError

    async def run():
        waiting = LoopWaiting(asyncio.get_running_loop(), NoUpstream())
        waiting.later(fail)
        waiting.close()

    asyncio.run(run())
    ThreadWaiting(NoUpstream()).later(fail)
    assert logged == ["failed beside a call"] * 2
