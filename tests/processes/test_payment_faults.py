"""Faults of a payment provider that a worker process does not survive: one effect all the same.

The provider is the fake one, over HTTP; workers are processes killed with -9 at the instant that a
test names; notices come in at the exchange's own API, a process as well.
"""

import json
import signal
import time
import urllib.error
import urllib.request

import pytest

from tests.factories.payment_operations import PATHS, START, check_one_effect
from tests.factories.payments import AMOUNT, BUYER, PayingExchange
from tests.fakes.stripe_server import API_KEY, API_VERSION, StripeServer
from tests.processes.payment_processes import FORKS, Process, SharedClock, serve, work

pytestmark = pytest.mark.processes
CLAIM_OVER = 130
"""Seconds after which what a dead worker had claimed is anybody's."""
OTHER_PAGE = {"COUNTERFOIL_PAYMENT_RETURN_URL": "https://moved.example"}


@pytest.fixture
def clock():
    return SharedClock()


@pytest.fixture
def server(clock):
    made = StripeServer(clock, patience_seconds=20.0)
    yield made
    made.stop()


@pytest.fixture
def exchange(database_url, tmp_path, server, clock):
    made = PayingExchange(database_url, tmp_path, server, clock)
    yield made
    made.close()


@pytest.fixture
def start(database_url, tmp_path, server, clock):
    """Starts a worker, perhaps under other settings."""
    started = []

    def one(**settings):
        started.append(Process(work, (database_url, tmp_path, server.url, settings), clock))
        return started[-1]

    yield one
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def inbox(database_url, tmp_path, server, clock):
    """Where the provider sends its notices."""
    port = FORKS.Value("i", 0, lock=False)
    process = Process(serve, (database_url, tmp_path, server.url, {}), clock, port)
    yield f"http://127.0.0.1:{port.value}/v1/payment-events/stripe"
    process.kill()
    process.wait()


def until(find, *wanted, seconds=10):
    """Wait until what is found is one of what is wanted."""
    ends = time.monotonic() + seconds
    while (found := find()) not in wanted:
        assert time.monotonic() < ends, found
        time.sleep(0.01)


class Victim:
    """A process that is named only when its death is arranged."""

    process = None

    def kill(self):
        self.process.kill()


def killed_at(server, start, fault, **where):
    """A worker that dies at its next matching request: neither answered nor alive."""
    victim = Victim()
    server.inject(fault, then=victim.kill, **where)
    victim.process = start()
    assert victim.process.wait() == signal.SIGKILL


def state_of(exchange, operation):
    return lambda: exchange.operation(operation.operation_id).state


def finish(exchange, server, kind, operation):
    """To the operation's end, by whatever worker is running."""
    if kind == "payment":
        until(state_of(exchange, operation), "open")
        server.state.pay(exchange.operation(operation.operation_id).provider_reference)
        exchange.deliver(server.take_notices())
    until(state_of(exchange, operation), "succeeded")


def asked(server, kind):
    """Every creating request of a kind: key and parameters."""
    return [
        (key, json.dumps(params, sort_keys=True))
        for method, path, key, params in server.requests
        if method == "POST" and path.endswith(PATHS[kind])
    ]


@pytest.mark.parametrize("kind", PATHS)
def test_a_worker_killed_between_the_provider_s_commit_and_its_reply_doubles_nothing(
    exchange, server, start, kind
):
    operation = START[kind](exchange)
    killed_at(server, start, "drop_after", path=PATHS[kind])
    assert state_of(exchange, operation)() == "sent"
    exchange.clock.advance(seconds=CLAIM_OVER)
    start()
    finish(exchange, server, kind, operation)
    check_one_effect(exchange, server, kind, operation)


def test_a_retry_by_a_worker_with_other_settings_is_the_first_request(exchange, server, start):
    """Else it were the same key with other parameters, which the provider refuses for a day."""
    operation = START["payment"](exchange)
    killed_at(server, start, "drop_before", path=PATHS["payment"])
    exchange.clock.advance(seconds=CLAIM_OVER)
    start(**OTHER_PAGE)
    finish(exchange, server, "payment", operation)
    first, *retries = asked(server, "payment")
    assert retries == [first]
    assert "moved.example" not in first[1]
    check_one_effect(exchange, server, "payment", operation)


def use_key(server, key):
    """Somebody else's request under our key: whoever else has the account's secret."""
    request = urllib.request.Request(
        f"{server.url}/v1/accounts",
        b"metadata[of]=somebody+else",
        {
            "Authorization": f"Bearer {API_KEY}",
            "Stripe-Version": API_VERSION,
            "Idempotency-Key": key,
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("kind", ["payment", "refund"])
def test_a_key_that_was_used_with_other_parameters_refuses_nothing_for_good(
    exchange, server, start, kind
):
    """It says nothing of our request: that waits, is shown, and is done once the key is free."""
    operation = START[kind](exchange)
    effects = exchange.effects()
    killed_at(server, start, "drop_before", path=PATHS[kind])
    ((key, _),) = asked(server, kind)
    use_key(server, key)
    exchange.clock.advance(seconds=CLAIM_OVER)
    start()
    until(lambda: len(asked(server, kind)), 2)
    until(
        lambda: exchange.operation(operation.operation_id).last_error,
        "OutcomeUnknown: IdempotencyError 400",
    )
    exchange.clock.advance(seconds=4_000)
    exchange.sweep()
    assert ("operation_without_conclusion", operation.operation_id) in exchange.findings()
    assert (state_of(exchange, operation)(), exchange.effects()) == ("sent", effects)
    exchange.clock.advance(seconds=90_000)
    finish(exchange, server, kind, operation)
    assert len(set(asked(server, kind))) == 1
    check_one_effect(exchange, server, kind, operation)


ORDERS = {
    "twice": lambda notices: [*notices, *notices],
    "reordered": lambda notices: notices[::-1],
    "late": lambda notices: notices,
}


@pytest.mark.parametrize("order", ORDERS)
def test_notices_that_a_killed_worker_had_taken_end_in_one_effect(
    exchange, server, start, inbox, order
):
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    server.state.pay(session, fee=250)
    intent = server.state.get("checkout.session", session)["payment_intent"]
    dispute = server.state.dispute(intent)
    if order == "late":
        exchange.clock.advance(seconds=7_200)
    notices = ORDERS[order](server.take_notices())
    assert set(server.deliver(inbox, notices=notices)) == {200}
    killed_at(server, start, "none", method="GET")
    assert exchange.effects() == {}
    exchange.clock.advance(seconds=CLAIM_OVER)
    start()
    until(lambda: exchange.payment(top_up.top_up_id).state, "disputed")
    assert set(server.deliver(inbox, notices=notices)) == {200}
    server.state.decide(dispute["id"], is_won=True)
    server.deliver(inbox)
    until(lambda: exchange.payment(top_up.top_up_id).state, "succeeded")
    assert exchange.balance(BUYER) == AMOUNT
    assert exchange.agrees()
    effects = {"top_up": 1, "charge_back": 1, "charge_back_won": 1, "provider_fee": 1}
    assert exchange.effects() == effects


def test_a_dispute_after_the_payout_is_owed_once_whoever_dies_of_it(exchange, server, start, inbox):
    top_up = exchange.paid_top_up()
    exchange.ready_account()
    payout = exchange.approved_payout(AMOUNT)
    exchange.work()
    assert exchange.payout_now(payout.payout_id).state == "paid"
    before = exchange.effects()
    dispute = server.state.dispute(exchange.intent_of(top_up.top_up_id))
    server.state.decide(dispute["id"], is_won=False)
    server.deliver(inbox)
    killed_at(server, start, "none", method="GET", path="/v1/disputes/")
    assert exchange.effects() == before
    exchange.clock.advance(seconds=CLAIM_OVER)
    start()
    until(lambda: exchange.payment(top_up.top_up_id).state, "lost")
    assert exchange.balance(BUYER) == 0
    assert exchange.sum_of(f"{BUYER}/receivable/CNY") == -AMOUNT
    assert exchange.payout_now(payout.payout_id).state == "paid"
    assert exchange.agrees()
    assert exchange.effects() == before | {"charge_back": 1}
