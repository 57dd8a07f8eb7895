"""What a provider shows: what it changes of operations and books, and what it must not."""

from dataclasses import replace

import pytest

from ledger.payments import conclusions, queries, services
from ledger.payments.errors import NotRefundable
from ledger.payments.operations import Outcome
from ledger.payments.ports import (
    DisputeOutcome,
    DisputeSight,
    OutcomeUnknown,
    Sight,
    Subject,
    SubjectKind,
)
from ledger.payments.watching import Watcher
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


@pytest.mark.parametrize(
    ("shown", "currency"),
    [
        ({"available": [], "pending": []}, "CNY"),
        ({"pending": [{"amount": 5, "currency": "usd"}]}, "USD"),
    ],
)
def test_a_currency_that_only_one_side_knows_is_compared_too(exchange, server, shown, currency):
    exchange.paid_top_up()
    assert exchange.agrees()
    balance = server.state.balance
    server.state.balance = lambda: {**balance(), **shown}
    assert not exchange.agrees()
    assert {subject for _, subject in exchange.findings()} == {currency}


def test_what_has_not_arrived_is_not_charged_back(exchange, opened):
    dispute = DisputeSight("dp_1", DisputeOutcome.OPEN, (), AMOUNT, "CNY", "x", has_withdrawn=True)
    assert not exchange.do(conclusions.note_dispute, opened.operation_id, dispute)
    assert exchange.operation(opened.operation_id).state == "open"
    assert exchange.effects() == {}


def test_a_dispute_ends_once(exchange):
    operation = exchange.payment(exchange.paid_top_up().top_up_id)
    dispute = DisputeSight("dp_1", DisputeOutcome.OPEN, (), AMOUNT, "CNY", "x", has_withdrawn=True)
    for outcome in (DisputeOutcome.OPEN, DisputeOutcome.WON, DisputeOutcome.LOST):
        shown = replace(dispute, outcome=outcome)
        assert exchange.do(conclusions.note_dispute, operation.operation_id, shown)
    (ended,) = exchange.do(lambda uow: queries.list_disputes(uow.session, None)).items
    assert (ended.state, exchange.balance()) == ("won", AMOUNT)


class Showing:
    """A provider at which everything of a kind is what it was told to show."""

    def __init__(self, sights):
        self.sights = sights

    def look(self, subject):
        return self.sights[subject.kind]


@pytest.mark.parametrize(
    ("gateway", "kind"), [("stripe", SubjectKind.REFUND), ("another", SubjectKind.PAYMENT)]
)
def test_a_thing_of_another_kind_or_provider_pays_nothing(exchange, opened, gateway, kind):
    """Even where it carries our id: a provider speaks of its own operations only."""
    sight = Sight("re_1", Outcome.SUCCEEDED, AMOUNT, "CNY", operation_id=opened.operation_id)
    watcher = Watcher(exchange.units, {gateway: Showing({kind: sight})})
    assert not watcher.look(gateway, Subject(kind, "re_1"))
    assert exchange.operation(opened.operation_id).state == "open"
    assert exchange.effects() == {}


def test_a_dispute_of_what_the_provider_does_not_show_as_paid_is_asked_for_again(exchange, opened):
    name = opened.provider_reference
    dispute = DisputeSight("dp_1", DisputeOutcome.OPEN, (name,), AMOUNT, "CNY", "x", True)
    still = Sight(name, Outcome.OPEN, AMOUNT, "CNY")
    shown = Showing({SubjectKind.DISPUTE: dispute, SubjectKind.PAYMENT: still})
    with pytest.raises(OutcomeUnknown):
        Watcher(exchange.units, {"stripe": shown}).look(
            "stripe", Subject(SubjectKind.DISPUTE, "dp_1")
        )
    assert exchange.effects() == {}


def test_money_of_what_had_ended_is_kept_in_suspense(exchange, server, opened):
    ended = Sight(opened.provider_reference, Outcome.CANCELLED, AMOUNT, "CNY")
    exchange.do(conclusions.apply, opened.operation_id, ended)
    server.state.pay(opened.provider_reference)
    exchange.clock.advance(seconds=60)
    exchange.sweep()
    assert exchange.balance() == 0
    assert exchange.sum_of("exchange/suspense/CNY") == AMOUNT


def test_a_line_whose_operation_is_open_for_days_is_explained_at_its_end(
    exchange, server, opened, monkeypatch
):
    server.state.pay(opened.provider_reference)
    seen = exchange.stripe.look(Subject(SubjectKind.PAYMENT, opened.provider_reference))
    still = replace(seen, outcome=Outcome.OPEN)
    with monkeypatch.context() as patched:
        patched.setattr(exchange.stripe, "look", lambda _subject: still)
        for _ in range(2):
            exchange.clock.advance(seconds=2 * 24 * 60 * 60)
            server.state.move("stripe_fee", -100, "cny")
            exchange.sweep()
    assert exchange.agrees()
    assert exchange.balance() == AMOUNT


def test_a_line_that_the_books_refuse_waits_and_hides_no_other(exchange, server, plant):
    """A constraint refused it: no other worker wrote it."""
    exchange.paid_top_up()
    server.state.succeed(server.state.make_intent(4_200, "cny", {}))
    table = "ALTER TABLE journal_transactions"
    plant(f"{table} ADD CONSTRAINT refused CHECK (template <> 'provider_unexplained') NOT VALID")
    for _ in range(2):
        exchange.clock.advance(seconds=2 * 24 * 60 * 60)
        server.state.move("stripe_fee", -100, "cny")
        exchange.sweep()
    assert exchange.effects() == {"top_up": 1, "provider_fee": 2}
    assert ("statement_is_not_the_balance", "CNY") in exchange.findings()
    plant(f"{table} DROP CONSTRAINT refused")
    exchange.sweep()
    assert exchange.effects() == {"top_up": 1, "provider_fee": 2, "provider_unexplained": 1}
    assert {rule for rule, _ in exchange.findings()} == {"movement_unexplained"}


def test_sums_between_which_money_moved_are_compared_next_time(exchange, server, monkeypatch):
    exchange.paid_top_up()
    balance = server.state.balance

    def moving():
        server.state.move("stripe_fee", -100, "cny")
        return balance()

    with monkeypatch.context() as patched:
        patched.setattr(server.state, "balance", moving)
        exchange.sweep()
    assert exchange.findings() == set()
    assert exchange.agrees()
