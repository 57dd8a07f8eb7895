"""Requests of the server's event loop reach WSGI applications as PEP 3333 says, and bounded."""

import asyncio
import json
import threading
from types import SimpleNamespace

import pytest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from app.loop_front import LoopFront
from app.web import rsgi
from app.web.proxies import TrustedProxies


class Lines:
    """Header lines, as the server has them."""

    def __init__(self, *lines):
        self._lines = list(lines)

    def __len__(self):
        return len(self.keys())

    def keys(self):
        return list(dict(self._lines))

    def items(self):
        return [line for line in self._lines if line[1].isascii()]


class Exchange:
    """A body in pieces, and the reply to it."""

    def __init__(self, *parts):
        self.parts, self.taken, self.reply = parts, 0, None

    async def __aiter__(self):
        for part in self.parts:
            self.taken += 1
            yield part

    def response_empty(self, status, headers):
        self.reply = (status, headers, None)

    def response_bytes(self, status, headers, body):
        self.reply = (status, headers, body)


def scope(*lines, method="GET", path="/v1/listings", query="a=%20b", authority=None):
    return SimpleNamespace(
        http_version="1.1",
        server="127.0.0.1:8000",
        client="127.0.0.1:50000",
        scheme="http",
        method=method,
        path=path,
        query_string=query,
        authority=authority,
        headers=Lines(*lines),
    )


def served(application, asked, exchange, bytes_max=10):
    threads = rsgi.WsgiThreads(application, threads=1, body_bytes_max=bytes_max)
    asyncio.run(threads.serve(asked, exchange, lambda _environment: None))
    threads.close()
    return exchange.reply


def echo(environment, start):
    start("201 Created", [("X-Path", environment["PATH_INFO"])])
    return [environment["CONTENT_LENGTH"].encode(), b" ", environment["wsgi.input"].read()]


def test_every_line_of_a_header_is_kept_so_that_no_proxys_line_hides_behind_a_clients():
    lines = (("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "10.0.0.1"))
    assert rsgi.call_environment(scope(*lines))["HTTP_X_FORWARDED_FOR"] == "6.6.6.6,10.0.0.1"


def test_a_name_that_would_be_taken_for_anothers_is_left_out():
    environment = rsgi.call_environment(scope(("x_forwarded_for", "6.6.6.6"), ("purpose", "A")))
    assert "HTTP_X_FORWARDED_FOR" not in environment
    assert environment["HTTP_PURPOSE"] == "A"


def test_a_line_that_the_server_cannot_read_is_refused_and_not_passed_over():
    with pytest.raises(rsgi.UnreadableHeader):
        rsgi.call_environment(scope(("host", "here"), ("idempotency-key", "机场")))


def test_the_host_is_known_whichever_way_the_protocol_names_it():
    assert rsgi.call_environment(scope(authority="here:8000"))["HTTP_HOST"] == "here:8000"
    named = scope(("host", "there"), authority="here")
    assert rsgi.call_environment(named)["HTTP_HOST"] == "there"
    assert rsgi.wsgi_environment(scope(), b"")["HTTP_HOST"] == "127.0.0.1:8000"


def test_type_and_length_of_the_body_have_no_prefix():
    lines = (("content-type", "application/json"), ("content-length", "2"))
    environment = rsgi.wsgi_environment(scope(*lines), b"{}")
    assert (environment["CONTENT_TYPE"], environment["CONTENT_LENGTH"]) == ("application/json", "2")
    assert "HTTP_CONTENT_TYPE" not in environment


def test_a_body_in_chunks_is_read_as_one_with_a_length():
    asked = scope(("transfer-encoding", "chunked"), method="POST")
    assert Request(rsgi.wsgi_environment(asked, b"{}")).get_data() == b"{}"


def test_a_body_in_chunks_has_the_bound_of_one_with_a_length():
    asked = scope(("transfer-encoding", "chunked"), method="POST")
    request = Request(rsgi.wsgi_environment(asked, b"12345678"))
    request.max_content_length = 7
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()


def test_a_path_beyond_ascii_arrives_as_latin_1():
    environment = rsgi.wsgi_environment(scope(path="/v1/上海"), b"")
    assert environment["PATH_INFO"].encode("latin-1").decode() == "/v1/上海"


def test_a_query_beyond_ascii_arrives_as_latin_1_too_and_is_understood():
    environment = rsgi.wsgi_environment(scope(query="q=机场"), b"")
    assert environment["QUERY_STRING"].encode("latin-1").decode() == "q=机场"
    assert Request(environment).args["q"] == "机场"


def test_an_application_is_answered_for_with_status_headers_and_body():
    reply = served(echo, scope(method="POST"), Exchange(b"ab", b"c"))
    assert reply == (201, [("X-Path", "/v1/listings")], b"3 abc")


def test_a_head_is_answered_without_a_body():
    status, _, body = served(echo, scope(method="HEAD"), Exchange())
    assert (status, body) == (201, None)


def test_a_body_beyond_its_bound_is_not_read_on():
    exchange = Exchange(*[b"12345678"] * 100)
    status, _, _ = served(echo, scope(method="POST"), exchange)
    assert (status, exchange.taken) == (201, 2)


def test_what_an_application_opened_is_closed():
    closed = []

    class Opened(list):
        def close(self):
            closed.append(1)

    def application(_environment, start):
        start("200 OK", [])
        return Opened([b"x"])

    served(application, scope(), Exchange())
    assert closed == [1]


class Slow(Exchange):
    """A body whose second piece comes when it is let in; counts how many have begun."""

    begun = 0

    def __init__(self, let_in):
        super().__init__(b"a", b"b")
        self._let_in = let_in

    async def __aiter__(self):
        Slow.begun += 1
        yield b"a"
        await self._let_in.wait()
        yield b"b"


def long_bodies(bytes_max=30):
    return rsgi.WsgiThreads(
        echo, threads=2, body_bytes_max=10, long_bodies={"/v1/documents/": bytes_max}
    )


def serve(threads, asked, exchange):
    asyncio.run(threads.serve(asked, exchange, lambda _environment: None))
    threads.close()
    return exchange


def test_a_long_body_is_read_where_long_bodies_are_expected_and_only_there():
    put, pieces = scope(method="PUT", path="/v1/documents/a"), [b"12345678"] * 3
    assert serve(long_bodies(), put, Exchange(*pieces)).reply[2].endswith(b"".join(pieces))
    endless = Exchange(*[b"12345678"] * 100)
    assert serve(long_bodies(), put, endless).taken == 4
    elsewhere = Exchange(*[b"12345678"] * 100)
    assert serve(long_bodies(), scope(method="PUT", path="/v1/documents"), elsewhere).taken == 2
    reading = Exchange(*[b"12345678"] * 100)
    assert serve(long_bodies(), scope(path="/v1/documents/a"), reading).taken == 2


def test_only_some_long_bodies_are_read_at_a_time_and_the_others_come_after_them():
    Slow.begun = 0

    async def run():
        let_in, threads = asyncio.Event(), long_bodies()
        exchanges = [Slow(let_in) for _ in range(rsgi.LONG_BODIES_AT_ONCE + 3)]
        put = scope(method="PUT", path="/v1/documents/a")
        served = [
            asyncio.create_task(threads.serve(put, each, lambda _environment: None))
            for each in exchanges
        ]
        for _ in range(100):  # turns of the loop: each is enough for all that may begin
            await asyncio.sleep(0)
        at_once = Slow.begun
        let_in.set()
        await asyncio.gather(*served)
        threads.close()
        return at_once, exchanges

    at_once, exchanges = asyncio.run(run())
    assert at_once == rsgi.LONG_BODIES_AT_ONCE
    assert {each.reply[2] for each in exchanges} == {b"2 ab"}


def test_who_finds_no_place_for_a_long_body_in_time_is_refused(monkeypatch):
    monkeypatch.setattr(rsgi, "BODY_SECONDS", 0.05)

    async def run():
        never, threads = asyncio.Event(), long_bodies()
        put = scope(method="PUT", path="/v1/documents/a")
        served = [
            asyncio.create_task(threads.serve(put, Slow(never), lambda _environment: None))
            for _ in range(rsgi.LONG_BODIES_AT_ONCE + 1)
        ]
        results = await asyncio.gather(*served, return_exceptions=True)
        threads.close()
        return results

    assert {type(each) for each in asyncio.run(run())} == {TimeoutError}


def test_a_path_apart_is_answered_while_every_thread_waits():
    gate = threading.Event()

    def application(environment, start):
        if environment["PATH_INFO"] != "/healthz":
            assert gate.wait(60)
        return echo(environment, start)

    async def ask():
        waiting, alive = Exchange(), Exchange()
        stuck = asyncio.create_task(threads.serve(scope(), waiting, lambda _environment: None))
        await asyncio.wait_for(
            threads.serve(scope(path="/healthz"), alive, lambda _environment: None), 30
        )
        assert (alive.reply[0], waiting.reply) == (201, None)
        gate.set()
        await stuck
        assert waiting.reply[0] == 201

    threads = rsgi.WsgiThreads(application, threads=1, body_bytes_max=10, apart=["/healthz"])
    try:
        asyncio.run(ask())
    finally:
        gate.set()
        threads.close()


def test_beyond_what_may_wait_a_request_is_refused_unread_and_says_when_to_come_back(monkeypatch):
    monkeypatch.setattr(rsgi, "WAITING_PER_THREAD", 1)
    gate = threading.Event()

    def application(environment, start):
        assert gate.wait(60)
        return echo(environment, start)

    async def ask():
        kept, refused, later = (Exchange(), Exchange()), Exchange(b"ab"), Exchange()
        waiting = [asyncio.create_task(front.__rsgi__(scope(), each)) for each in kept]
        await asyncio.sleep(0)  # each has gone as far as its thread
        await asyncio.wait_for(front.__rsgi__(scope(method="POST"), refused), 30)
        assert (refused.taken, refused.reply[0]) == (0, 503)
        assert dict(refused.reply[1])["Retry-After"] == "2"
        assert json.loads(refused.reply[2])["type"] == "/problems#requests-busy"
        gate.set()
        await asyncio.gather(*waiting)
        await front.__rsgi__(scope(), later)
        assert [each.reply[0] for each in (*kept, later)] == [201] * 3

    threads = rsgi.WsgiThreads(application, threads=1, body_bytes_max=10)
    front = LoopFront(threads, None, TrustedProxies(()))
    try:
        asyncio.run(ask())
    finally:
        gate.set()
        threads.close()
