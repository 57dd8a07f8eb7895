"""The worker's steps go on, each in its thread, or the worker ends and is started again."""

import threading

import pytest

from app.worker.steps import Step, Worker

HOUR = 3_600.0


class Fatal(BaseException):
    """What no step catches, as a library's own panic."""


def ends(worker):
    """Whether its run ends, also by an error of its own, and every thread of it is told to."""
    ended = threading.Event()

    def run():
        try:
            worker.run()
        except RuntimeError:
            pass
        finally:
            ended.set()

    threading.Thread(target=run, daemon=True).start()
    try:
        return ended.wait(60) and worker._stop.is_set()
    finally:
        worker.stop()


def idle():
    return False


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_one_of_whose_steps_is_gone_ends_to_be_started_again():
    def fail():
        raise Fatal

    assert ends(Worker([Step("gone", 0.0, fail), Step("idle", HOUR, idle)]))


def test_a_worker_that_cannot_start_each_step_ends_to_be_started_again(monkeypatch):
    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "no room":
            message = "can't start new thread"
            raise RuntimeError(message)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert ends(Worker([Step("idle", HOUR, idle), Step("no room", HOUR, idle)]))


def test_a_step_that_fails_waits_longer_but_not_for_days():
    seconds = Step("often", 1.0, idle)
    assert [seconds.pause_after(failures) for failures in (0, 1, 2, 9)] == [1.0, 2.0, 4.0, 32.0]
    assert Step("minutely", 60.0, idle).pause_after(9) == 60.0
    assert Step("hourly", HOUR, idle).pause_after(9) == HOUR
