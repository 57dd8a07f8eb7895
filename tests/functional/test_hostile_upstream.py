"""A supplier's system that misbehaves costs the buyer nothing, and others nothing at all.

Each is bounded in time and memory, refused with one clear problem, and shown to its supplier.
"""

import datetime as dt
import gzip
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from metering.delivery.http_upstream import HttpUpstream
from tests.factories.metering import World, call
from tests.factories.waiting import wait_until
from tests.fakes.hostile_upstream import HIT, OK, HostileUpstream, answer

YUAN = 10**8
TIMEOUT_MS = 500
SLACK_SECONDS = 1.0
MEMORY_KIB_MAX = 16 * 1024


@pytest.fixture(params=["threads", "loop"])
def world(request, database_url, units, clock, ids):
    made = World(database_url, units, clock, ids, served_by=request.param)
    made.fund(100 * YUAN)
    yield made
    made.close()


@pytest.fixture
def hostile():
    """Makes hostile upstreams: of a behaviour's name, or of a function of the connection."""
    made = []

    def make(behave, **options):
        server = HostileUpstream(None, **options)
        server.behave = getattr(server, behave) if isinstance(behave, str) else behave
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


def licensed_at(world, url, code="S0001-HOSTILE", *, timeout_ms=TIMEOUT_MS):
    listing = world.publish(
        f"{url}/airports", code=code, version=f"ver_{code[-4:]}", timeout_ms=timeout_ms
    )
    return world.license(listing=listing)


def memory(name):
    """KiB that the kernel counts for this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


def says(reply):
    return lambda _connection: reply


BAD_ANSWERS = {
    "hangs before the headers": ("hang", "upstream-timed-out", "timed_out"),
    "hangs after the headers": ("hang_after_head", "upstream-timed-out", "timed_out"),
    "answers byte by byte for ever": ("drip", "upstream-timed-out", "timed_out"),
    "begins byte by byte for ever": ("drip_head", "upstream-timed-out", "timed_out"),
    "ten gigabytes in chunks": ("pour_chunks", "upstream-failed", "answer_too_large"),
    "ten gigabytes without an end": ("pour_without_length", "upstream-failed", "answer_too_large"),
    "ten gigabytes announced": (
        says(answer(length=10 * 2**30)),
        "upstream-failed",
        "answer_too_large",
    ),
    "endless headers": ("pour_headers", "upstream-failed", "answer_too_large"),
    "endless interim answers": ("pour_interim", "upstream-failed", "answer_too_large"),
    "endless trailers": ("pour_trailers", "upstream-failed", "answer_too_large"),
    "endless tiny chunks": ("pour_tiny_chunks", "upstream-failed", "answer_too_large"),
    "a length that is too long": ("die_mid_body", "upstream-failed", "closed_early"),
    "a length that is too short": (says(answer(length=5)), "answer-breaks-schema", "not_json"),
    "two lengths": (
        says(OK + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n" + HIT),
        "upstream-failed",
        "answer_broken",
    ),
    "a length and chunks": (
        says(OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "upstream-failed",
        "answer_broken",
    ),
    "garbage for chunks": (
        says(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
        "upstream-failed",
        "answer_broken",
    ),
    "a chunk of negative length": (
        says(OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n"),
        "upstream-failed",
        "answer_broken",
    ),
    "garbage for HTTP": (says(b"\x16\x03\x01 hello\r\n\r\n"), "upstream-failed", "answer_broken"),
    "a folded header": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n Content-Length: 9\r\n\r\n{}"),
        "upstream-failed",
        "answer_broken",
    ),
    "a gzip bomb": (
        says(answer(gzip.compress(b" " * 10**7), head=OK + b"Content-Encoding: gzip\r\n")),
        "upstream-failed",
        "answer_broken",
    ),
    "a gzip bomb undeclared": (
        says(answer(gzip.compress(b" " * 10**7))),
        "answer-breaks-schema",
        "not_json",
    ),
    "closes in the middle": ("die_mid_body", "upstream-failed", "closed_early"),
    "closes without a word": (says(None), "upstream-failed", "closed_early"),
    "resets the connection": ("reset", "upstream-failed", "closed_early"),
    "a wrong credential": (
        says(answer(head=b"HTTP/1.1 401 No\r\n")),
        "upstream-failed",
        "credential_refused",
    ),
    "an error": (says(answer(head=b"HTTP/1.1 500 No\r\n")), "upstream-failed", "error_status"),
}
STATUS = {"upstream-timed-out": 504, "upstream-failed": 502, "answer-breaks-schema": 502}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_is_refused_in_time_and_memory_free_and_shown(world, hostile, name):
    behave, slug, kind = BAD_ANSWERS[name]
    licensed = licensed_at(world, hostile(behave).url)
    plane = world.plane()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before, started = memory("VmHWM"), time.monotonic()
    answered = call(plane, licensed, {"iata": "PVG"})
    assert time.monotonic() - started < TIMEOUT_MS / 1000 + SLACK_SECONDS
    assert memory("VmHWM") - before < MEMORY_KIB_MAX
    assert (answered.status, answered.json["type"]) == (STATUS[slug], f"/problems#{slug}")
    assert "Usage-Receipt" not in answered.headers
    check_free_and_shown(world, plane, licensed, kind)


def check_free_and_shown(world, plane, licensed, kind):
    plane.close()
    assert world.one("SELECT balance FROM fake_wallets") == 100 * YUAN
    assert world.one("SELECT count(*) FROM usage_events") == 0
    shown = world.sql("SELECT supplier_id, listing_code, kind, calls_count FROM delivery_failures")
    assert [row[:2] + row[3:] for row in shown] == [("org_supplier", licensed.listing_code, 1)]
    assert kind is None or shown[0][2] == kind


def test_a_redirect_to_a_private_address_is_not_followed(world, hostile):
    inside = hostile(says(answer()))
    redirect = b"HTTP/1.1 302 Found\r\nLocation: %s\r\n" % inside.url.encode()
    licensed = licensed_at(world, hostile(says(answer(b"", head=redirect))).url)
    plane = world.plane()
    assert call(plane, licensed, {"iata": "PVG"}).status == 502
    assert inside.connections == 0
    check_free_and_shown(world, plane, licensed, "redirected")


class Names:
    """A resolver whose answers change from one question to the next."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def __call__(self, _host, port):
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(2, 1, 6, "", (address, port)) for address in found]


def rebound(url):
    return url.replace("127.0.0.1", "data.supplier.example")


def test_a_name_that_changes_between_check_and_connection_changes_nothing(world, hostile):
    """What was checked is what is connected to, as a number; the name is not asked again."""
    server = hostile(says(answer(head=OK + b"Connection: close\r\n")))
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    plane = world.plane(HttpUpstream(["127.0.0.1/32"], names))
    licensed = licensed_at(world, rebound(server.url))
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    assert (names.asked, server.connections) == (1, 1)
    refused = call(plane, licensed, {"iata": "PVG"})
    assert (refused.status, names.asked, server.connections) == (502, 2, 1)
    plane.close()
    assert world.sql("SELECT kind FROM delivery_failures") == [("address_refused",)]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::ffff:10.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["fe80::1%eth0"],
        ["0.0.0.0"],  # noqa: S104 -- it must not be connected to
        ["93.184.216.34", "127.0.0.1"],
    ],
)
def test_no_private_address_is_connected_to_however_it_is_written(world, hostile, addresses):
    server = hostile(says(answer()))
    plane = world.plane(HttpUpstream([], Names(addresses)))
    licensed = licensed_at(world, rebound(server.url))
    assert call(plane, licensed, {"iata": "PVG"}).status == 502
    assert server.connections == 0
    check_free_and_shown(world, plane, licensed, "address_refused")


@pytest.mark.parametrize("url", ["http://[::ffff:127.0.0.1]", "http://2130706433", "http://127.1"])
def test_an_address_in_the_url_itself_is_checked_too(world, hostile, url):
    server = hostile(says(answer()))
    plane = world.plane(HttpUpstream([]))
    licensed = licensed_at(world, f"{url}:{server.port}")
    assert call(plane, licensed, {"iata": "PVG"}).status == 502
    assert server.connections == 0
    check_free_and_shown(world, plane, licensed, "address_refused")


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "..", "%00"])
def test_a_name_that_no_resolver_takes_is_a_failure_and_no_surprise(world, host):
    def never(_host, _port):
        raise UnicodeError

    plane = world.plane(HttpUpstream([], never))
    licensed = licensed_at(world, f"http://{host}")
    assert call(plane, licensed, {"iata": "PVG"}).status == 502


def self_signed(tmp_path):
    """A TLS server's context whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    certificate = (
        built.not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(world, hostile, tmp_path):
    server = hostile(says(answer()), tls=self_signed(tmp_path))
    licensed = licensed_at(world, server.url)
    plane = world.plane()
    assert call(plane, licensed, {"iata": "PVG"}).status == 502
    assert server.requests == [], "nothing of a call, and no credential, was sent"
    check_free_and_shown(world, plane, licensed, "tls_failed")


def test_a_server_that_speaks_no_tls_is_refused(world, hostile):
    server = hostile(says(answer()))
    licensed = licensed_at(world, server.url.replace("http:", "https:"))
    plane = world.plane()
    assert call(plane, licensed, {"iata": "PVG"}).status in {502, 504}
    check_free_and_shown(world, plane, licensed, None)


def test_a_handshake_that_hangs_has_the_calls_time_and_no_more(world, hostile):
    """The server waits for the end of a request line that TLS never sends."""
    server = hostile("hang")
    licensed = licensed_at(world, server.url.replace("http:", "https:"))
    plane, started = world.plane(), time.monotonic()
    assert call(plane, licensed, {"iata": "PVG"}).status == 504
    assert time.monotonic() - started < TIMEOUT_MS / 1000 + SLACK_SECONDS
    check_free_and_shown(world, plane, licensed, "timed_out")


def test_a_pooled_connection_that_is_half_open_costs_one_time_and_is_not_used_again(world, hostile):
    turns = []

    def behave(connection):
        turns.append(connection)
        if len(turns) != 2:
            return answer()
        return server.hang(connection)

    server = hostile(behave)
    licensed = licensed_at(world, server.url)
    plane = world.plane()
    statuses = [call(plane, licensed, {"iata": "PVG"}).status for _ in range(3)]
    assert statuses == [200, 504, 200]
    assert server.connections == 2


def test_a_pooled_connection_that_was_closed_is_replaced_without_a_word(world, hostile):
    def behave(connection):
        connection.sendall(answer())

    server = hostile(behave)
    licensed = licensed_at(world, server.url)
    plane = world.plane()
    assert [call(plane, licensed, {"iata": "PVG"}).status for _ in range(3)] == [200] * 3
    assert server.connections == 3


@pytest.mark.parametrize("behave", ["answer_late_twice", "at once"])
def test_an_answer_that_nobody_asked_for_never_reaches_another_call(world, hostile, behave):
    """Response splitting: what stands behind an answer is not the answer to the next call."""
    other = answer(b'{"iata":"XXX","name":"of another buyer"}')
    server = hostile(says(answer() + other) if behave == "at once" else behave)
    licensed = licensed_at(world, server.url)
    plane = world.plane()
    for _ in range(3):
        answered = call(plane, licensed, {"iata": "PVG"})
        assert (answered.status, answered.json["iata"]) == (200, "PVG")
        wait_until(lambda: server.connections)
        time.sleep(0.2)  # the late second answer is on its way now; the next call must not read it


def test_a_hanging_upstream_takes_its_share_of_threads_and_other_listings_go_on(world, hostile):
    server = hostile("hang")
    hanging = licensed_at(world, server.url, "S0001-HANGING", timeout_ms=20_000)
    other = licensed_at(world, hostile(says(answer())).url, "S0001-SOUND")
    plane = world.plane(places=16)
    gate = threading.Barrier(13)

    def wait_and_call(at):
        gate.wait(10)
        return call(plane, hanging, {"iata": "PVG"})

    with ThreadPoolExecutor(16) as threads:
        calling = [threads.submit(wait_and_call, at) for at in range(12)]
        gate.wait(10)
        wait_until(lambda: len(server.requests) == 12)
        busy = call(plane, hanging, {"iata": "PVG"})
        sound = [call(plane, other, {"iata": "PVG"}) for _ in range(5)]
        assert not any(each.done() for each in calling), "nobody waited for those that hang"
        server.stop()
        answers = [each.result(20) for each in calling]
    assert {each.status for each in answers} == {502}
    assert (busy.status, busy.json["type"]) == (503, "/problems#upstream-busy")
    assert busy.headers["Retry-After"] == "1"
    assert [each.status for each in sound] == [200] * 5
    plane.close()
    failed = "SELECT kind, calls_count FROM delivery_failures ORDER BY kind"
    assert world.sql(failed) == [("busy", 1), ("closed_early", 12)]
