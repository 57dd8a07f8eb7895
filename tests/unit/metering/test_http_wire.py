"""Answers of any shape are read whole, in time and in bounds, or refused."""

import socket
import threading

import pytest

from metering.delivery.http_wire import Wire, WireBroken, WireClosed, WireTooLarge


def spoken(*pieces, seconds=5.0, body_bytes_max=1000):
    """What a wire makes of the pieces, each sent by itself; then the other side closes."""
    ours, theirs = socket.socketpair()

    def answer():
        theirs.recv(65536)
        for piece in pieces:
            theirs.sendall(piece)
        theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    wire = Wire(ours)
    try:
        status, body = wire.exchange(b"GET", seconds=seconds, body_bytes_max=body_bytes_max)
        return status, body, wire.is_kept
    finally:
        thread.join(5)
        wire.close()


def test_a_body_of_declared_length_is_read_and_the_connection_kept():
    assert spoken(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab") == (200, b"ab", True)


def test_pieces_are_put_together():
    pieces = [bytes([byte]) for byte in b"HTTP/1.1 404 Not Found\r\ncontent-length:3\r\n\r\nabc"]
    assert spoken(*pieces) == (404, b"abc", True)


def test_chunks_are_put_together():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
    assert spoken(head, chunks) == (200, b"abc0123456789", True)


def test_small_chunks_are_put_together_however_many():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    answered = spoken(head, b"5\r\nabcde\r\n" * 20_000, b"0\r\n\r\n", body_bytes_max=100_000)
    assert answered == (200, b"abcde" * 20_000, True)


@pytest.mark.parametrize(
    "chunks", [b"1\r\nx\r\n" * 9_000, (b"4;" + b"a" * 900 + b"\r\nabcd\r\n") * 60]
)
def test_more_around_chunks_than_in_them_is_refused_long_before_the_bodys_bound(chunks):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with pytest.raises(WireTooLarge):
        spoken(head, chunks, b"0\r\n\r\n", body_bytes_max=1_000_000)


def test_without_length_the_end_is_where_the_connection_ends():
    assert spoken(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc") == (200, b"abc", False)


def test_interim_answers_are_passed_over():
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert spoken(interim + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")[:2] == (200, b"x")


def test_http_1_0_is_kept_only_when_it_says_so():
    assert spoken(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx")[2] is False
    head = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n"
    assert spoken(head + b"x")[2] is True


def test_bytes_beyond_the_answer_end_the_connection():
    assert spoken(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200")[2] is False


def test_an_answer_without_body_has_none():
    assert spoken(b"HTTP/1.1 204 No Content\r\n\r\n") == (204, b"", True)


@pytest.mark.parametrize(
    "answer",
    [
        b"SMTP ready\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nA: 1\r\n folded: 2\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"HTTP/1.1 200 OK\r\n",
    ],
    ids=range(13),
)
def test_what_is_ambiguous_or_cut_short_is_refused(answer):
    with pytest.raises(WireBroken):
        spoken(answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 70_000,
    ],
    ids=range(4),
)
def test_what_is_beyond_its_bound_is_refused(answer):
    with pytest.raises(WireTooLarge):
        spoken(answer)


def test_a_closed_connection_is_told_apart():
    with pytest.raises(WireClosed):
        spoken()


def test_an_answer_that_drips_is_cut_off_in_all():
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip():
        while not stop.wait(0.02):
            theirs.sendall(b"H")

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(TimeoutError):
        Wire(ours).exchange(b"GET", seconds=0.2, body_bytes_max=1000)
    stop.set()
    thread.join(5)
    ours.close()
    theirs.close()
