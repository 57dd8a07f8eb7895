"""What the provider's words change of an operation, and what they must not."""

import pytest

from ledger.payments import conclusions, services
from ledger.payments.errors import NotRefundable
from ledger.payments.operations import Outcome
from ledger.payments.ports import Sight
from tests.factories.payment_operations import start_reversal
from tests.factories.payments import AMOUNT, FIRST, PART, SECOND, PayingExchange
from tests.fakes.stripe_server import StripeServer


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
def opened(exchange):
    """A payment whose payer has the provider's page before them."""
    top_up = exchange.top_up()
    exchange.session_of(top_up.top_up_id)
    return exchange.payment(top_up.top_up_id)


def test_the_same_number_of_another_currency_credits_nobody(exchange, opened):
    paid = Sight(opened.provider_reference, Outcome.SUCCEEDED, AMOUNT, "USD")
    exchange.do(conclusions.apply, opened.operation_id, paid)
    assert exchange.operation(opened.operation_id).state == "open"
    assert exchange.effects() == {}
    assert ("operation_amount_differs", opened.operation_id) in exchange.findings()


def test_a_late_refusal_of_the_request_ends_nothing_that_can_be_paid(exchange, server, opened):
    """Two sent it: one got the page, the other a refusal."""
    exchange.do(conclusions.refuse, opened.operation_id, "parameter_unknown")
    assert exchange.operation(opened.operation_id).state == "open"
    server.state.pay(opened.provider_reference)
    exchange.deliver(server.take_notices())
    exchange.work()
    assert exchange.balance() == AMOUNT


def test_a_reversal_that_fails_leaves_the_supplier_what_it_was_paid(exchange):
    reversal = start_reversal(exchange)
    before = exchange.effects()
    exchange.do(conclusions.refuse, reversal.operation_id, "insufficient_funds")
    assert exchange.operation(reversal.operation_id).state == "failed"
    assert exchange.effects() == before


def test_what_is_disputed_meanwhile_is_not_refunded_as_well(exchange, server):
    top_up = exchange.paid_top_up()
    refund = exchange.do(
        services.request_refund, FIRST, subject_id=top_up.top_up_id, amount=PART, reason="unspent"
    )
    server.state.dispute(exchange.intent_of(top_up.top_up_id), amount=10_000)
    exchange.deliver(server.take_notices())
    exchange.work()
    with pytest.raises(NotRefundable):
        exchange.do(services.approve, SECOND, operation_id=refund.operation_id)
    assert exchange.effects() == {"top_up": 1, "charge_back": 1}
