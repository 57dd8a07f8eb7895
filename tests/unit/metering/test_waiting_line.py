"""Committers take from the line in turn, and never two of them from one lane."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from metering.errors import MeterBusy
from metering.leases.meters import Meter
from metering.recording.waiting_line import WaitingLine

PATIENCE = 10.0


def call_on(meter):
    return SimpleNamespace(meter=meter)


@pytest.fixture
def meters():
    return [Meter(f"lic_{number}", "org_buyer") for number in range(3)]


@pytest.fixture
def line():
    return WaitingLine(most=8, batch_max=4)


def put(line, *calls):
    for each in calls:
        line.put(each)
    return list(calls)


def elsewhere(action):
    """What another thread gets of it, as long as it ends."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(action).result(PATIENCE)


def test_everything_that_waits_is_one_batch_up_to_its_bound(line, meters):
    first = put(line, *(call_on(meters[at % 2]) for at in range(6)))
    assert line.take() == [first[0], first[2], first[4], first[1]]
    line.release([first[0], first[1]])
    assert line.take() == [first[3], first[5]]


def test_a_lane_in_commit_is_passed_over_while_others_go_on(line, meters):
    one, other, later = call_on(meters[0]), call_on(meters[1]), call_on(meters[0])
    put(line, one)
    assert line.take() == [one]
    put(line, later, other)
    line.go_on()
    assert elsewhere(line.take) == [other], "the first lane's commit is not on the disk yet"
    line.release([one])
    assert line._turn is not None, "the other batch is still being written"


def test_nobody_takes_while_a_batch_is_being_written(line, meters):
    put(line, call_on(meters[0]))
    line.take()
    put(line, call_on(meters[1]))
    taken = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        taking = thread.submit(lambda: (line.take(), taken.set()))
        assert not taken.wait(0.05)
        line.go_on()
        assert [each.meter for each in taking.result(PATIENCE)[0]] == [meters[1]]


def test_a_lanes_next_calls_come_when_its_commit_is_over(line, meters):
    one, later = call_on(meters[0]), call_on(meters[0])
    put(line, one)
    line.take()
    put(line, later)
    line.go_on()
    with ThreadPoolExecutor(1) as thread:
        taking = thread.submit(line.take)
        line.release([one])
        assert taking.result(PATIENCE) == [later]


def test_the_line_is_bounded_and_room_comes_back_with_what_is_taken(line, meters):
    put(line, *(call_on(meters[0]) for _ in range(8)))
    with pytest.raises(MeterBusy):
        line.put(call_on(meters[1]))
    assert len(line.take()) == 4
    line.put(call_on(meters[1]))


def test_a_closed_line_is_emptied_and_then_ends_for_every_committer(line, meters):
    waiting = put(line, *(call_on(meters[at % 3]) for at in range(7)))
    committed = []

    def commit():
        while batch := line.take():
            line.go_on()
            committed.extend(batch)
            line.release(batch)

    with ThreadPoolExecutor(3) as threads:
        committing = [threads.submit(commit) for _ in range(3)]
        line.close()
        for each in committing:
            each.result(PATIENCE)
    assert sorted(map(id, committed)) == sorted(map(id, waiting))


def test_calls_of_one_lane_keep_their_order_however_many_committers_take(meters):
    line = WaitingLine(most=10_000, batch_max=7)
    waiting = put(line, *(SimpleNamespace(meter=meters[at % 3], at=at) for at in range(600)))
    committed = {meter.licence_id: [] for meter in meters}

    def commit():
        while batch := line.take():
            line.go_on()
            for each in batch:
                committed[each.meter.licence_id].append(each.at)
            line.release(batch)

    with ThreadPoolExecutor(4) as threads:
        committing = [threads.submit(commit) for _ in range(4)]
        line.close()
        for each in committing:
            each.result(PATIENCE)
    assert sum(map(len, committed.values())) == len(waiting)
    assert all(order == sorted(order) for order in committed.values())
