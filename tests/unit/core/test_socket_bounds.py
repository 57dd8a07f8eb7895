"""A bound on what is said over a socket as a whole."""

import socket
import threading

import pytest

from app.core.socket_bounds import SocketBound


@pytest.fixture
def ends():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        own = socket.create_connection(listening.getsockname())
        other, _ = listening.accept()
    with own, other:
        yield own, other


def test_what_is_said_in_time_is_left_alone(ends):
    own, other = ends
    with SocketBound(600) as bound:
        bound.watch(own)
        other.sendall(b"word")
        assert own.recv(4) == b"word"
    other.sendall(b"more")
    assert own.recv(4) == b"more"


def wait_over(own):
    """Until the time of a bound is over."""
    with SocketBound(0.05) as bound:
        bound.watch(own)
        assert own.recv(1) == b"", "nothing was said, and nobody waits any longer"


def test_a_wait_ends_with_the_time(ends):
    with pytest.raises(TimeoutError):
        wait_over(ends[0])


def fail_when_over(own):
    with SocketBound(0.05) as bound:
        bound.watch(own)
        own.recv(1)
        raise ConnectionResetError


def test_whatever_fails_because_it_was_shut_is_told_as_the_time(ends):
    with pytest.raises(TimeoutError):
        fail_when_over(ends[0])


def open_too_late(first, own):
    with SocketBound(0.05) as bound:
        bound.watch(first)
        first.recv(1)  # until the time is over
        bound.watch(own)


def test_a_socket_that_is_opened_too_late_is_shut_at_once(ends):
    own, other = ends
    first, its_other = socket.socketpair()
    with first, its_other, pytest.raises(TimeoutError):
        open_too_late(first, own)
    assert other.recv(1) == b""


def test_no_thread_stays_behind(ends):
    before = set(threading.enumerate())
    with SocketBound(600) as bound:
        (timer,) = set(threading.enumerate()) - before
        bound.watch(ends[0])
    timer.join(60)
    assert not timer.is_alive()
