"""Sending survives every receiver: time and size are bounded, and nothing is followed."""

import ssl
import time

import pytest

from app.core.public_networks import read_networks
from app.notices import http_receiver
from app.notices.http_receiver import HEAD_BYTES_MAX, HttpReceivers
from app.notices.receiver_urls import ReceiverPolicy
from app.notices.retry_rules import Outcome
from tests.fakes.webhook_receiver import RawReceiver, WebhookReceiver, hang

HERE = ReceiverPolicy(allows_http=True, networks=read_networks(["127.0.0.0/8", "::1/128"]))
NOWHERE = ReceiverPolicy(allows_http=True)
SOON_SECONDS = 20
"""Far from what a receiver takes that is not cut off, and from what a busy machine adds."""


@pytest.fixture
def receiver():
    made = WebhookReceiver()
    yield made
    made.stop()


@pytest.fixture
def speaking():
    made = []

    def start(speak):
        made.append(RawReceiver(speak))
        return made[-1]

    yield start
    for each in made:
        each.stop()


def post(url, *, policy=HERE, timeout_seconds=2.0, **more):
    sender = HttpReceivers(policy, timeout_seconds=timeout_seconds, **more)
    return sender.post(url, {"webhook-id": "ntc_1"}, '{"data":"数据"}'.encode())


def test_a_message_arrives_as_it_was_made(receiver):
    attempt = post(f"{receiver.url}?a=b")
    assert (attempt.outcome, attempt.status) == (Outcome.DELIVERED, 204)
    (received,) = receiver.received
    assert (received.path, received.body) == ("/hooks?a=b", '{"data":"数据"}'.encode())
    assert received.message_id == "ntc_1"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["connection"] == "close"


def test_a_message_of_many_portions_arrives_whole(receiver):
    body = b"x" * 300_000
    assert HttpReceivers(HERE).post(receiver.url, {}, body).is_delivered
    assert receiver.received[0].body == body


def test_a_redirect_is_not_followed(receiver):
    other = WebhookReceiver()
    receiver.answer = lambda _received: (307, {"Location": other.url})
    assert post(receiver.url).outcome is Outcome.REDIRECTED
    assert other.received == []
    other.stop()


def test_a_pause_that_is_asked_for_is_read(receiver):
    receiver.answer = lambda _received: (503, {"Retry-After": "120"})
    attempt = post(receiver.url)
    assert (attempt.outcome, attempt.retry_after_seconds) == (Outcome.UNWANTED_STATUS, 120)
    receiver.answer = lambda _received: (503, {"Retry-After": "Fri, 20 Nov 2026 08:00:00 GMT"})
    assert post(receiver.url).retry_after_seconds is None


def test_an_interim_answer_is_not_the_answer(speaking):
    talker = speaking(
        lambda c: c.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
    )
    assert post(talker.url).is_delivered


def byte_by_byte(connection):
    for byte in b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 500:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)  # each byte comes well within any timeout of one read


@pytest.mark.parametrize("speak", [hang, byte_by_byte])
def test_a_receiver_that_takes_its_time_is_cut_off(speaking, speak):
    started = time.monotonic()
    assert post(speaking(speak).url, timeout_seconds=0.4).outcome is Outcome.TIMED_OUT
    assert time.monotonic() - started < SOON_SECONDS


def test_a_receiver_that_accepted_and_then_hangs_has_accepted(speaking):
    def accept_and_hang(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx")
        hang(connection)

    started = time.monotonic()
    assert post(speaking(accept_and_hang).url, timeout_seconds=30).is_delivered
    assert time.monotonic() - started < SOON_SECONDS


def test_a_huge_answer_is_not_read_to_its_end(speaking):
    sent = []

    def flood(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent.append(connection.send(b"x" * 65536))

    assert post(speaking(flood).url).is_delivered
    assert sum(sent) < 64 * 1024 * 1024


def test_a_huge_head_is_refused(speaking):
    talker = speaking(lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * HEAD_BYTES_MAX))
    assert post(talker.url).outcome is Outcome.TOO_LARGE


@pytest.mark.parametrize(
    "answer",
    [b"", b"hello\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 20\r\n\r\n", b"HTTP/1.1 200 OK"],
)
def test_what_is_not_http_is_no_acceptance(speaking, answer):
    assert post(speaking(lambda c: c.sendall(answer)).url).outcome is Outcome.NOT_HTTP


def test_nobody_at_the_address(receiver):
    receiver.stop()
    assert post(receiver.url).outcome is Outcome.UNREACHABLE


def test_a_name_that_nobody_has():
    assert post("http://no-such-name.invalid/").outcome is Outcome.UNRESOLVED


@pytest.mark.parametrize("url", ["http://localhost:{}/", "http://2130706433:{}/"])
def test_a_name_of_an_inner_address_is_refused_on_connecting(receiver, url):
    attempt = post(url.format(receiver.port), policy=NOWHERE)
    assert attempt.outcome is Outcome.ADDRESS_REFUSED
    assert receiver.received == []


def test_an_address_that_became_unfit_is_refused(receiver):
    """The endpoint was made in development; now the installation is a production one."""
    strict = ReceiverPolicy(allows_http=False, networks=HERE.networks)
    assert post(receiver.url, policy=strict).outcome is Outcome.ADDRESS_REFUSED
    assert receiver.received == []


def test_a_name_is_asked_for_once_and_its_answer_is_judged(receiver):
    asked = []

    def rebinding(host, port):
        """Private first; whatever it would say next is never heard."""
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    url = f"http://rebinding.example:{receiver.port}/"
    assert post(url, policy=NOWHERE, lookup=rebinding).outcome is Outcome.ADDRESS_REFUSED
    assert (asked, receiver.received) == (["rebinding.example"], [])


def test_what_was_judged_is_what_is_connected_to(receiver):
    answers = iter(["127.0.0.1"])

    def rebinding(_host, port):
        return [(2, 1, 6, "", (next(answers), port))]

    assert post(f"http://rebinding.example:{receiver.port}/", lookup=rebinding).is_delivered
    assert receiver.received[0].headers["host"] == f"rebinding.example:{receiver.port}"


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    receiver = WebhookReceiver(context=server)
    url = f"https://localhost:{receiver.port}/"
    believing = ssl.create_default_context(cafile=certificate)
    assert post(url).outcome is Outcome.TLS_FAILED
    assert receiver.received == []
    assert post(url, context=believing).is_delivered
    assert post(f"https://127.0.0.1:{receiver.port}/", context=believing).outcome is (
        Outcome.TLS_FAILED
    )
    receiver.stop()


def test_a_handshake_that_hangs_is_cut_off(speaking):
    url = speaking(hang).url.replace("http:", "https:")
    started = time.monotonic()
    assert post(url, timeout_seconds=0.4).outcome is Outcome.TIMED_OUT
    assert time.monotonic() - started < SOON_SECONDS


def test_the_bounds_are_those_of_the_documents():
    assert http_receiver.TIMEOUT_SECONDS == 10
    assert HEAD_BYTES_MAX == 16 * 1024
