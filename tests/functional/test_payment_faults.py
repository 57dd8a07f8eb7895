"""Every fault of a provider, at every kind of operation: one effect in the books."""

import pytest

from ledger.payments import stripe_payment_gateway
from tests.factories.payment_operations import PATHS, START, check_one_effect
from tests.factories.payments import PayingExchange
from tests.fakes.stripe_server import StripeServer

FAULTS = {
    "none": [],
    "dropped before": ["drop_before"],
    "dropped after": ["drop_after"],
    "dropped after, twice": ["drop_after", "drop_after"],
    "500 before": ["error_before"],
    "500 before, remembered": ["error_stored"],
    "500 after": ["error_after"],
    "too late, not done": ["slow_before"],
    "too late, done": ["slow_after"],
    "no JSON": ["garbled"],
    "too many": ["rate_limit"],
    "key in use": ["in_use"],
    "wrong key": ["unauthorised"],
    "one after another": ["rate_limit", "drop_before", "error_before", "drop_after"],
}
NOTICES = ["in order", "twice", "reversed", "late", "never"]


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


def tell(exchange, server, how):
    """The provider's notices, as unreliable as they come; the operation may rest on none."""
    notices = server.take_notices()
    if how == "twice":
        assert exchange.deliver(notices) == [True] * len(notices)
        assert exchange.deliver(notices) == [False] * len(notices)
    elif how == "reversed":
        exchange.deliver(reversed(notices))
    elif how == "late":
        exchange.clock.advance(seconds=7_200)
        exchange.deliver([server.sign(notice.event) for notice in notices])
    elif how == "in order":
        exchange.deliver(notices)
    exchange.work()


def finish(exchange, server, kind, operation, how):
    if kind == "payment":
        assert exchange.work_on(operation.operation_id, "open") == "open"
        server.state.pay(exchange.operation(operation.operation_id).provider_reference)
    else:
        assert exchange.work_on(operation.operation_id, "succeeded") == "succeeded"
    tell(exchange, server, how)
    exchange.clock.advance(seconds=60)
    exchange.sweep()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", PATHS)
def test_a_fault_ends_in_one_effect(exchange, server, kind, fault):
    operation = START[kind](exchange)
    for each in FAULTS[fault]:
        server.inject(each, path=PATHS[kind])
    if fault.startswith("too late"):
        server.patience_seconds = 0.6
        exchange.wait_at_most(0.3)  # tries that a busy machine makes late are made again
    finish(exchange, server, kind, operation, "in order")
    check_one_effect(exchange, server, kind, operation)
    asked = [
        each for each in server.requests if each[0] == "POST" and each[1].endswith(PATHS[kind])
    ]
    assert len({(key, repr(params)) for _, _, key, params in asked}) == 1


@pytest.mark.parametrize("notices", NOTICES)
@pytest.mark.parametrize("kind", PATHS)
def test_notices_in_any_order_and_number_end_in_one_effect(exchange, server, kind, notices):
    operation = START[kind](exchange)
    server.inject("drop_after", path=PATHS[kind])
    finish(exchange, server, kind, operation, notices)
    check_one_effect(exchange, server, kind, operation)


@pytest.mark.parametrize("kind", PATHS)
def test_a_provider_that_forgot_its_keys_is_searched_before_it_is_asked_again(
    exchange, server, kind
):
    operation = START[kind](exchange)
    server.inject("drop_after", path=PATHS[kind])
    exchange.work()
    server.forget_keys()
    finish(exchange, server, kind, operation, "never")
    check_one_effect(exchange, server, kind, operation)


def test_it_is_searched_back_to_before_the_first_request_until_a_search_is_answered(
    exchange, server, monkeypatch
):
    """The provider's clock is a minute behind, others paid meanwhile, and it forgot its keys."""
    monkeypatch.setattr(stripe_payment_gateway, "_PAGE", 1)
    operation = START["payment"](exchange)
    server.inject("drop_after", path=PATHS["payment"])
    exchange.work()
    (session,) = server.state.all("checkout.session")
    server.state.things[session["id"]]["created"] -= 60
    for failure in ("refuse", "drop_before"):
        server.forget_keys()
        server.inject(failure, method="GET", path=PATHS["payment"])
        exchange.clock.advance(seconds=7_200)
        other = START["payment"](exchange)
        exchange.work()
        assert exchange.work_on(other.operation_id, "open") == "open"
    assert exchange.work_on(operation.operation_id, "open") == "open"
    assert exchange.operation(operation.operation_id).provider_reference == session["id"]
    assert len(server.state.all("checkout.session")) == 3


@pytest.mark.parametrize("kind", PATHS)
def test_a_worker_that_dies_before_the_call_loses_nothing(exchange, server, kind, monkeypatch):
    operation = START[kind](exchange)
    die_once(monkeypatch, exchange.stripe, "send", before=True)
    with pytest.raises(KeyboardInterrupt):
        exchange.work()
    assert exchange.operation(operation.operation_id).state == "sent"
    finish(exchange, server, kind, operation, "never")
    check_one_effect(exchange, server, kind, operation)


@pytest.mark.parametrize("kind", PATHS)
def test_a_worker_that_dies_after_the_call_doubles_nothing(exchange, server, kind, monkeypatch):
    operation = START[kind](exchange)
    die_once(monkeypatch, exchange.stripe, "send", before=False)
    with pytest.raises(KeyboardInterrupt):
        exchange.work()
    finish(exchange, server, kind, operation, "never")
    check_one_effect(exchange, server, kind, operation)


def die_once(monkeypatch, gateway, name, *, before):
    perform = getattr(gateway, name)
    deaths = []

    def dying(*arguments):
        if deaths:
            return perform(*arguments)
        deaths.append(name)
        if not before:
            perform(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(gateway, name, dying)
