"""The adapter against an independent server: PaymentIntents, refunds and signed notices.

localstripe is a program of others (GPL): started as a process, spoken to over HTTP, never imported.
It knows neither Checkout nor transfers, and ignores idempotency keys; those are our own fake's.
"""

import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.core.money import SCALE
from ledger.payments.operations import Kind, Outcome
from ledger.payments.ports import (
    NotAnEvent,
    Order,
    SignatureRefused,
    Subject,
    SubjectKind,
)
from ledger.payments.stripe_payment_gateway import StripeAccess, StripePaymentGateway

PROGRAM = Path(sys.executable).parent / "localstripe"
KEY, SECRET = "sk_test_12345", "whsec_of_localstripe"
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not PROGRAM.exists(), reason="localstripe is not installed here"),
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port = free_port()
    folder = tmp_path_factory.mktemp("localstripe")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(PROGRAM), "--port", str(port), "--from-scratch"],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def wait_for(port, process):
    for _ in range(150):
        with socket.socket() as attempt:
            attempt.settimeout(1)
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "localstripe ended"
        threading.Event().wait(0.1)
    pytest.fail("localstripe does not listen")


@pytest.fixture
def gateway(server):
    return StripePaymentGateway(
        StripeAccess(
            api_key=KEY,
            webhook_secrets=["whsec_of_before", SECRET],
            success_url="https://exchange.example/made",
            cancel_url="https://exchange.example/left",
            onboarding_return_url="https://exchange.example/told",
            onboarding_refresh_url="https://exchange.example/again",
            api_base=server,
        )
    )


class Receiver:
    """Takes notices as the exchange's endpoint does: raw bytes and headers."""

    def __init__(self):
        self.taken, self.came = [], threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.taken.append((body, dict(self.headers)))
                outer.came.set()
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver(server):
    made = Receiver()
    form = urllib.parse.urlencode({"url": made.url, "secret": SECRET}).encode()
    with urllib.request.urlopen(f"{server}/_config/webhooks/exchange", form, timeout=20) as answer:
        assert answer.status == 200
    yield made
    made.stop()


@pytest.fixture
def paid(gateway):
    """A PaymentIntent of 50.00 EUR that a card paid."""
    v1 = gateway._client.v1
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    method = v1.payment_methods.create({"type": "card", "card": card})
    customer = v1.customers.create({"description": "a payer"})
    v1.payment_methods.attach(method.id, {"customer": customer.id})
    intent = {
        "amount": 5_000,
        "currency": "eur",
        "customer": customer.id,
        "payment_method": method.id,
        "confirm": True,
    }
    return v1.payment_intents.create(intent)


def refund_of(intent, amount=12 * SCALE):
    at = datetime(2026, 11, 20, tzinfo=UTC)
    names = (intent.id,)
    return Order("pop_1", Kind.REFUND, "tup_1", amount, "EUR", at, within_names=names)


def test_a_refund_is_made_found_by_our_id_and_looked_at(gateway, paid):
    order = refund_of(paid)
    made = gateway.send(gateway.plan(order), "counterfoil:pop_1")
    assert (made.outcome, made.amount, made.currency) == (Outcome.SUCCEEDED, 12 * SCALE, "EUR")
    assert made.operation_id == "pop_1"
    assert gateway.find(order, order.at) == made
    assert gateway.look(Subject(SubjectKind.REFUND, made.reference)) == made


def test_what_is_not_there_is_seen_as_not_there(gateway):
    assert gateway.look(Subject(SubjectKind.REFUND, "re_nothing")) is None


def test_a_notice_signed_by_others_is_believed_and_a_changed_one_is_not(receiver, gateway, paid):
    assert receiver.came.wait(20), "no notice came"
    body, headers = receiver.taken[0]
    now = datetime.now(UTC)
    event = gateway.read_event(body, headers, now)
    assert event.event_id.startswith("evt_")
    assert abs(event.created_at - now) < timedelta(minutes=1)
    with pytest.raises(SignatureRefused):
        gateway.read_event(body + b" ", headers, now)
    for minutes in (-6, 6):
        with pytest.raises(SignatureRefused):
            gateway.read_event(body, headers, now + timedelta(minutes=minutes))
    with pytest.raises((NotAnEvent, SignatureRefused)):
        gateway.read_event(b"{}", headers, now)
