"""Money through a provider beyond the straight way: cancelling, disputes, refunds, sweeps."""

import threading

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.money import SCALE
from app.core.reach import Reach
from app.core.states import IllegalTransition
from app.notices.models import Notice
from ledger.journal.payouts import services as payout_services
from ledger.journal.top_ups import services as top_up_services
from ledger.journal.top_ups.errors import PaidThroughProvider
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.events import HeldMoneyWanted
from ledger.journal.wallets.leases import WalletLeases
from ledger.payments import account_services, findings, inbox, queries, services, sweep
from ledger.payments.errors import (
    AmountUnfit,
    ApproverNotIndependent,
    CalledInsideTransaction,
    NoticeNotDead,
    NoticeRefused,
    NotRefundable,
    OperationNeedsSecondPerson,
    PayoutAccountNotReady,
    RefundExceedsPayment,
)
from ledger.payments.models import PaymentEvent
from ledger.payments.operations import CLAIM_SECONDS, LOOK_SECONDS, UNKNOWN_FINDING_SECONDS
from ledger.payments.ports import NotNow, Subject, SubjectKind
from tests.factories.crossing import second_runs_into_first
from tests.factories.payments import (
    AMOUNT,
    BUYER,
    FIRST,
    OWNER,
    PART,
    PAYER,
    SECOND,
    SUPPLIER,
    PayingExchange,
)
from tests.fakes.stripe_server import StripeServer

FEE = 17


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


def tell(exchange, server, *types):
    exchange.deliver(server.take_notices(*types))
    exchange.work()


# Never inside a transaction, never before it is durable


def test_the_adapter_refuses_while_a_unit_of_work_is_open(exchange, server):
    asked = len(server.requests)
    subject = Subject(SubjectKind.PAYMENT, "cs_test_1")
    with exchange.units.begin(Reach.EXCHANGE), pytest.raises(CalledInsideTransaction):
        exchange.stripe.look(subject)
    assert len(server.requests) == asked
    assert exchange.stripe.look(subject) is None


def test_request_and_key_are_committed_before_the_provider_is_asked(
    exchange, server, monkeypatch, database_url
):
    """Another connection sees them at the moment of the call."""
    top_up = exchange.top_up()
    seen = []
    send = exchange.stripe.send

    def sending(request, key):
        with psycopg.connect(database_url) as other:
            other.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
            query = "SELECT state, request, idempotency_key FROM payment_operations"
            seen.append(other.execute(query).fetchone())
        seen.append((request, key))
        return send(request, key)

    monkeypatch.setattr(exchange.stripe, "send", sending)
    exchange.session_of(top_up.top_up_id)
    assert seen[0] == ("sent", *seen[1])


def test_what_was_asked_cannot_be_changed_or_removed(exchange, server):
    exchange.session_of(exchange.top_up().top_up_id)
    changes = [
        "UPDATE payment_operations SET idempotency_key = 'another'",
        "UPDATE payment_operations SET request = '{}'",
        "UPDATE payment_operations SET amount = amount + 1",
        "UPDATE payment_operations SET request = NULL",
        "DELETE FROM payment_references; DELETE FROM payment_operations",
    ]
    for change in changes:
        with exchange.units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError):
            uow.session.execute(text(change))


def test_nothing_is_sent_that_was_not_written_down(exchange):
    exchange.top_up()
    with (
        exchange.units.begin(Reach.EXCHANGE) as uow,
        pytest.raises(DBAPIError, match="written_before_sent"),
    ):
        uow.session.execute(text("UPDATE payment_operations SET state = 'sent'"))


# Top-ups


def test_a_fraction_of_a_fen_is_refused_and_nothing_rounded(exchange):
    with pytest.raises(AmountUnfit):
        exchange.stripe.check_amount(SCALE + 1, "CNY")
    with pytest.raises(AmountUnfit):
        exchange.stripe.check_amount(SCALE, "JPY")
    with pytest.raises(AmountUnfit):
        exchange.top_up(amount=1_000_000 * SCALE)


def test_cancelling_expires_the_session_so_that_nobody_can_pay(exchange, server):
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    exchange.do(top_up_services.cancel_top_up, PAYER, top_up_id=top_up.top_up_id)
    exchange.work()
    assert server.state.get("checkout.session", session)["status"] == "expired"
    assert exchange.payment(top_up.top_up_id).state == "cancelled"
    assert exchange.top_up_now(top_up.top_up_id).state == "cancelled"
    assert exchange.effects() == {}


def test_whoever_pays_before_the_session_is_expired_is_credited(exchange, server):
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    exchange.do(top_up_services.cancel_top_up, PAYER, top_up_id=top_up.top_up_id)
    server.state.pay(session)
    exchange.work()
    assert exchange.top_up_now(top_up.top_up_id).state == "posted"
    assert exchange.balance() == AMOUNT
    assert exchange.agrees()


def test_a_cancelled_payment_under_way_is_asked_for_once_a_look_until_it_ends(
    exchange, server, clock
):
    """Nothing closes a session that a slow method completed; its money may come days later."""
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    server.state.pay(session, asynchronous=True)
    tell(exchange, server)
    exchange.do(top_up_services.cancel_top_up, PAYER, top_up_id=top_up.top_up_id)
    for looks in (1, 2):
        assert not exchange.paying.work(), "nothing is due again at once"
        assert not exchange.paying.work()
        assert len(server.sent(f"/v1/checkout/sessions/{session}/expire")) == looks
        clock.advance(seconds=LOOK_SECONDS)
    assert exchange.payment(top_up.top_up_id).state == "open"
    server.state.settle(session, fails=False)
    tell(exchange, server)
    assert exchange.top_up_now(top_up.top_up_id).state == "posted"
    assert exchange.balance() == AMOUNT


def test_a_session_cancelled_while_it_is_looked_at_expires_at_once(exchange, server, clock):
    """The answer to that look tells nothing of the cancelling, and does not put it off."""
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    clock.advance(seconds=LOOK_SECONDS)

    def cancel():
        exchange.do(top_up_services.cancel_top_up, PAYER, top_up_id=top_up.top_up_id)

    server.inject("none", method="GET", path=f"/v1/checkout/sessions/{session}", then=cancel)
    exchange.work()
    assert server.state.get("checkout.session", session)["status"] == "expired"
    assert exchange.payment(top_up.top_up_id).state == "cancelled"


def test_a_session_that_nobody_wants_any_more_when_it_is_found_expires_at_once(
    exchange, server, clock
):
    server.inject("drop_after", path="/v1/checkout/sessions")
    top_up = exchange.top_up()
    exchange.work()
    exchange.do(top_up_services.cancel_top_up, PAYER, top_up_id=top_up.top_up_id)
    clock.advance(seconds=60)
    exchange.work()
    assert exchange.payment(top_up.top_up_id).state == "cancelled"
    (session,) = server.state.all("checkout.session")
    assert session["status"] == "expired"


def test_a_top_up_cancelled_before_it_was_sent_is_never_sent(exchange, server):
    top_up = exchange.top_up()
    exchange.do(top_up_services.cancel_top_up, PAYER, top_up_id=top_up.top_up_id)
    exchange.work()
    assert server.sent("/v1/checkout/sessions") == []
    assert exchange.payment(top_up.top_up_id).state == "cancelled"


def test_a_session_that_nobody_pays_ends_the_top_up(exchange, server, clock):
    top_up = exchange.top_up()
    exchange.session_of(top_up.top_up_id)
    clock.advance(seconds=86_500)
    exchange.work()
    assert exchange.payment(top_up.top_up_id).state == "cancelled"
    assert exchange.top_up_now(top_up.top_up_id).state == "cancelled"


def test_a_slow_method_is_credited_when_it_arrives_and_not_before(exchange, server):
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    server.state.pay(session, asynchronous=True)
    tell(exchange, server)
    assert (exchange.payment(top_up.top_up_id).state, exchange.balance()) == ("open", 0)
    server.state.settle(session, fails=False)
    tell(exchange, server)
    assert exchange.balance() == AMOUNT


def test_a_slow_method_that_fails_ends_the_top_up(exchange, server):
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    server.state.pay(session, asynchronous=True)
    server.state.settle(session, fails=True)
    tell(exchange, server)
    assert exchange.payment(top_up.top_up_id).state == "failed"
    assert exchange.top_up_now(top_up.top_up_id).state == "cancelled"
    assert exchange.effects() == {}


def test_another_amount_than_was_asked_credits_nobody_and_is_shown(exchange, server):
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    server.state.pay(session, amount=5)
    tell(exchange, server)
    exchange.sweep()
    operation = exchange.payment(top_up.top_up_id)
    assert ("operation_amount_differs", operation.operation_id) in exchange.findings()
    assert exchange.balance() == 0
    assert exchange.sum_of("exchange/suspense/CNY") == 5 * SCALE // 100


def test_people_do_not_confirm_what_a_provider_tells(exchange):
    top_up = exchange.top_up()
    with pytest.raises(PaidThroughProvider):
        exchange.do(
            top_up_services.confirm_top_up,
            FIRST,
            top_up_id=top_up.top_up_id,
            amount=AMOUNT,
            currency="CNY",
        )


def test_a_refused_session_is_final(exchange, server, monkeypatch):
    plan = exchange.stripe.plan

    def misspelled(order):
        request = plan(order)
        return {**request, "params": {**request["params"], "sucess_url": "x"}}

    monkeypatch.setattr(exchange.stripe, "plan", misspelled)
    top_up = exchange.top_up()
    exchange.work()
    operation = exchange.payment(top_up.top_up_id)
    assert (operation.state, operation.reason_code) == ("failed", "parameter_unknown")
    assert exchange.top_up_now(top_up.top_up_id).state == "cancelled"
    exchange.clock.advance(seconds=100_000)
    exchange.work()
    assert len(server.sent("/v1/checkout/sessions")) == 1


# Refunds


def test_a_refund_takes_the_money_before_it_is_sent(exchange, server):
    top_up = exchange.paid_top_up()
    exchange.approved_refund(top_up.top_up_id)
    assert exchange.balance() == AMOUNT - PART
    assert server.sent("/v1/refunds") == []
    exchange.work()
    assert len(server.sent("/v1/refunds")) == 1
    assert exchange.agrees()


def test_one_person_or_a_party_does_not_approve(exchange):
    top_up = exchange.paid_top_up()
    command = {"subject_id": top_up.top_up_id, "amount": PART, "reason": "unspent"}
    refund = exchange.do(services.request_refund, FIRST, **command)
    for person, refusal in ((FIRST, OperationNeedsSecondPerson), (PAYER, ApproverNotIndependent)):
        with pytest.raises(refusal):
            exchange.do(services.approve, person, operation_id=refund.operation_id)
    exchange.do(services.decline, FIRST, operation_id=refund.operation_id)
    with pytest.raises(IllegalTransition):
        exchange.do(services.approve, SECOND, operation_id=refund.operation_id)
    assert exchange.balance() == AMOUNT


def test_what_is_spent_is_not_refunded(exchange):
    top_up = exchange.paid_top_up()
    exchange.ready_account()
    exchange.approved_payout(AMOUNT)
    refund = exchange.do(
        services.request_refund, FIRST, subject_id=top_up.top_up_id, amount=PART, reason="x"
    )
    with pytest.raises(InsufficientFunds):
        exchange.do(services.approve, SECOND, operation_id=refund.operation_id)
    assert exchange.operation(refund.operation_id).state == "requested"
    assert "refund" not in exchange.effects()


def test_a_refund_asks_for_what_waits_for_calls(exchange, database_url):
    top_up = exchange.paid_top_up()
    leases, lent = WalletLeases(exchange.clock), {"lease_id": "lse_1"}

    def lend(connection):
        owner = {"organisation_id": top_up.organisation_id, "currency": top_up.currency}
        leases.reserve(connection, wanted_amount=AMOUNT, least_amount=1, **owner, **lent)

    def give_back(_wanted):
        with_exchange_reach(
            database_url, lambda connection: leases.settle(connection, spent_amount=0, **lent)
        )

    with_exchange_reach(database_url, lend)
    exchange.units._messengers = {HeldMoneyWanted: give_back}
    exchange.approved_refund(top_up.top_up_id)
    assert exchange.balance() == AMOUNT - PART


def with_exchange_reach(database_url, action):
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
        action(connection)


def test_refunds_together_never_exceed_the_payment(exchange):
    top_up = exchange.paid_top_up()
    outcomes = []
    start = threading.Barrier(2)

    def ask():
        start.wait()
        try:
            command = {"subject_id": top_up.top_up_id, "amount": AMOUNT * 6 // 10, "reason": "x"}
            outcomes.append(exchange.do(services.request_refund, FIRST, **command).state)
        except RefundExceedsPayment:
            outcomes.append("refused")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "requested"]


def test_nothing_and_more_than_was_paid_are_not_refunded(exchange):
    top_up = exchange.paid_top_up()
    for amount in (0, AMOUNT + 1):
        with pytest.raises(RefundExceedsPayment):
            exchange.do(
                services.request_refund,
                FIRST,
                subject_id=top_up.top_up_id,
                amount=amount,
                reason="x",
            )


def test_an_unpaid_top_up_is_not_refunded(exchange):
    top_up = exchange.top_up()
    for subject_id in (top_up.top_up_id, "tup_unknown"):
        with pytest.raises(NotRefundable):
            exchange.do(
                services.request_refund, FIRST, subject_id=subject_id, amount=PART, reason="x"
            )


def test_a_refund_that_the_payer_s_bank_sends_back_is_in_the_wallet_again(exchange, server):
    top_up = exchange.paid_top_up()
    refund = exchange.approved_refund(top_up.top_up_id)
    exchange.work()
    server.state.fail_refund(exchange.operation(refund.operation_id).provider_reference)
    for _ in range(2):
        tell(exchange, server)
    assert exchange.operation(refund.operation_id).state == "failed"
    assert exchange.balance() == AMOUNT
    assert exchange.effects() == {"top_up": 1, "refund": 1, "refund_failed": 1}
    assert exchange.agrees()


# Disputes


def test_a_dispute_takes_the_money_once_and_winning_gives_it_again(exchange, server):
    top_up = exchange.paid_top_up()
    dispute = server.state.dispute(exchange.intent_of(top_up.top_up_id))
    exchange.deliver(reversed(server.take_notices()))
    exchange.work()
    assert (exchange.payment(top_up.top_up_id).state, exchange.balance()) == ("disputed", 0)
    assert exchange.agrees()
    server.state.decide(dispute["id"], is_won=True)
    exchange.deliver(reversed(server.take_notices()))
    exchange.work()
    assert (exchange.payment(top_up.top_up_id).state, exchange.balance()) == ("succeeded", AMOUNT)
    assert exchange.effects() == {"top_up": 1, "charge_back": 1, "charge_back_won": 1}
    assert exchange.agrees()


def test_a_dispute_after_the_money_was_paid_out_is_owed_and_never_silent(exchange, server):
    top_up = exchange.paid_top_up()
    exchange.ready_account()
    payout = exchange.approved_payout(AMOUNT)
    exchange.work()
    assert exchange.payout_now(payout.payout_id).state == "paid"
    dispute = server.state.dispute(exchange.intent_of(top_up.top_up_id))
    server.state.decide(dispute["id"], is_won=False)
    tell(exchange, server)
    assert exchange.payment(top_up.top_up_id).state == "lost"
    assert exchange.balance() == 0
    assert exchange.sum_of(f"{BUYER}/receivable/CNY") == -AMOUNT
    assert exchange.payout_now(payout.payout_id).state == "paid"
    assert exchange.effects()["charge_back"] == 1
    assert exchange.agrees()


def test_a_dispute_of_what_was_refunded_is_booked_because_the_money_is_gone(exchange, server):
    top_up = exchange.paid_top_up()
    exchange.approved_refund(top_up.top_up_id)
    exchange.work()
    server.take_notices()
    server.state.dispute(exchange.intent_of(top_up.top_up_id))
    tell(exchange, server)
    assert exchange.sum_of(f"{BUYER}/receivable/CNY") == -PART
    assert exchange.effects() == {"top_up": 1, "refund": 1, "charge_back": 1}
    assert exchange.agrees()


def test_a_dispute_told_before_its_payment_waits_for_nothing(exchange, server):
    top_up = exchange.top_up()
    session = exchange.session_of(top_up.top_up_id)
    server.state.pay(session)
    server.state.dispute(server.state.get("checkout.session", session)["payment_intent"])
    server.take_notices("checkout.session.completed")
    tell(exchange, server, "charge.dispute.created")
    assert exchange.effects() == {"top_up": 1, "charge_back": 1}


def test_an_inquiry_takes_nothing_until_money_is_withdrawn(exchange, server):
    top_up = exchange.paid_top_up()
    intent = exchange.intent_of(top_up.top_up_id)
    dispute = server.state.dispute(intent, is_inquiry=True)
    tell(exchange, server)
    assert exchange.balance() == AMOUNT
    server.state.withdraw(dispute)
    tell(exchange, server)
    assert exchange.balance() == 0


def test_parts_of_one_payment_can_be_disputed_one_after_another(exchange, server):
    top_up = exchange.paid_top_up()
    intent = exchange.intent_of(top_up.top_up_id)
    first = server.state.dispute(intent, amount=10_000)
    second = server.state.dispute(intent, amount=20_000)
    tell(exchange, server)
    assert exchange.balance() == AMOUNT - 300 * SCALE
    server.state.decide(first["id"], is_won=False)
    tell(exchange, server)
    assert exchange.payment(top_up.top_up_id).state == "disputed"
    server.state.decide(second["id"], is_won=True)
    tell(exchange, server)
    assert exchange.payment(top_up.top_up_id).state == "lost"
    assert exchange.balance() == AMOUNT - 100 * SCALE
    assert exchange.agrees()


# Payouts


def test_a_payout_to_an_account_that_is_not_ready_is_not_even_proposed(exchange, server):
    exchange.paid_top_up()
    with pytest.raises(PayoutAccountNotReady):
        exchange.approved_payout()
    exchange.do(account_services.request_payout_account, OWNER, exchange.stripe)
    exchange.work()
    with pytest.raises(PayoutAccountNotReady):
        exchange.approved_payout()
    exchange.ready_account()
    payout = exchange.approved_payout()
    assert exchange.payout_now(payout.payout_id).state == "sent"


def test_an_account_that_is_ready_no_more_is_not_paid_and_nothing_is_sent(exchange, server):
    exchange.paid_top_up()
    exchange.ready_account()
    payout = exchange.approved_payout()
    server.state.suspend_account(exchange.account().provider_reference)
    exchange.deliver(server.take_notices("account.updated"))
    exchange.work()
    operation = exchange.transfer(payout.payout_id)
    assert (operation.state, operation.reason_code) == ("failed", "payout_account_not_ready")
    assert exchange.payout_now(payout.payout_id).state == "failed"
    assert exchange.sum_of(f"{SUPPLIER}/payable/CNY") == PART
    assert server.sent("/v1/transfers") == []


def test_an_account_that_the_provider_rejects_says_so_until_it_takes_it_back(exchange, server):
    account = exchange.ready_account()
    reference = exchange.account().provider_reference
    server.state.reject_account(reference)
    tell(exchange, server, "account.updated")
    shown = exchange.account()
    assert (shown.state, shown.reason_code) == ("rejected", "rejected.fraud")
    again = exchange.do(account_services.request_payout_account, OWNER, exchange.stripe)
    assert again.account_id == account.account_id, "whom a provider rejects gets no second one"
    server.state.verify_account(reference)
    server.take_notices()
    exchange.clock.advance(seconds=LOOK_SECONDS)
    exchange.work()
    shown = exchange.account()
    assert (shown.state, shown.reason_code) == ("ready", None), "seen without its notice"


def test_a_supplier_is_told_once_that_its_account_stopped(exchange, server):
    def told():
        with exchange.units.begin(Reach.EXCHANGE) as uow:
            notices = uow.session.query(Notice).filter_by(notice_type="payout_account.stopped")
            return [each.data for each in notices.order_by(Notice.id)]

    exchange.ready_account()
    assert told() == []
    for stop in (server.state.suspend_account, server.state.reject_account):
        stop(exchange.account().provider_reference)
        tell(exchange, server, "account.updated")
        exchange.clock.advance(seconds=LOOK_SECONDS)
        exchange.work()
    gateway = {"gateway": "stripe"}
    assert told() == [
        gateway | {"state": "onboarding", "reason_code": "listed"},
        gateway | {"state": "rejected", "reason_code": "rejected.fraud"},
    ]


def test_a_payout_whose_account_stopped_waits_for_its_approval(exchange, server):
    exchange.paid_top_up()
    exchange.ready_account()
    payout = exchange.do(exchange._payout, PART, "stripe")
    server.state.reject_account(exchange.account().provider_reference)
    tell(exchange, server, "account.updated")

    def approve():
        exchange.do(payout_services.approve_payout, SECOND, payout_id=payout.payout_id)

    with pytest.raises(PayoutAccountNotReady) as refused:
        approve()
    assert (refused.value.facts["state"], refused.value.facts["reason_code"]) == (
        "rejected",
        "rejected.fraud",
    )
    assert exchange.payout_now(payout.payout_id).state == "requested"
    server.state.verify_account(exchange.account().provider_reference)
    tell(exchange, server, "account.updated")
    approve()
    assert exchange.payout_now(payout.payout_id).state == "sent"


def test_a_transfer_that_the_balance_does_not_cover_fails_and_is_owed_again(exchange, server):
    exchange.paid_top_up()
    exchange.ready_account()
    server.state.create_payout({"amount": str(AMOUNT * 100 // SCALE), "currency": "cny"})
    payout = exchange.approved_payout()
    exchange.work()
    assert exchange.transfer(payout.payout_id).reason_code == "balance_insufficient"
    assert exchange.sum_of(f"{SUPPLIER}/payable/CNY") == PART
    assert exchange.agrees()
    assert exchange.sum_of("exchange/bank/CNY") == -AMOUNT


def test_a_part_of_a_transfer_comes_back(exchange):
    exchange.paid_top_up()
    exchange.ready_account()
    payout = exchange.approved_payout()
    exchange.work()
    reversal = exchange.do(
        services.request_reversal,
        FIRST,
        subject_id=payout.payout_id,
        amount=PART // 3,
        reason="too much",
    )
    exchange.do(services.approve, SECOND, operation_id=reversal.operation_id)
    exchange.work()
    assert exchange.sum_of(f"{SUPPLIER}/payable/CNY") == PART // 3
    assert exchange.payout_now(payout.payout_id).state == "paid"
    assert exchange.agrees()


def test_an_account_is_opened_once_whatever_happens(exchange, server):
    server.inject("drop_after", path="/v1/accounts")
    for _ in range(2):
        exchange.do(account_services.request_payout_account, OWNER, exchange.stripe)
    exchange.work()
    exchange.clock.advance(seconds=60)
    exchange.work()
    assert len(server.state.all("account")) == 1
    assert exchange.account().state == "onboarding"


def test_an_account_that_was_refused_is_asked_for_again_and_stays_on_record(exchange, server):
    exchange.paid_top_up()
    server.inject("refuse", path="/v1/accounts")
    refused = exchange.do(account_services.request_payout_account, OWNER, exchange.stripe)
    exchange.work()
    exchange.clock.advance(seconds=60)
    exchange.work()
    shown = exchange.account()
    assert (shown.state, shown.reason_code) == ("failed", "country_unsupported")
    told = "SELECT data FROM notices WHERE notice_type = 'payout_account.refused'"
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        assert [*uow.session.scalars(text(told))] == [
            {"gateway": "stripe", "reason_code": "country_unsupported"}
        ]
    with pytest.raises(PayoutAccountNotReady):
        exchange.approved_payout()
    again = exchange.ready_account()
    assert again.account_id != refused.account_id
    assert len(server.state.all("account")) == 1
    exchange.do(account_services.request_payout_account, OWNER, exchange.stripe)
    states = "SELECT state FROM payout_accounts ORDER BY account_id"
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        assert [*uow.session.scalars(text(states))] == ["failed", "ready"]


def test_two_who_ask_at_once_after_a_refusal_get_one_account(exchange, server):
    server.inject("refuse", path="/v1/accounts")
    exchange.do(account_services.request_payout_account, OWNER, exchange.stripe)
    exchange.work()
    asked = []

    def ask(uow):
        account = account_services.request_payout_account(uow, OWNER, exchange.stripe)
        asked.append(account.account_id)

    second_runs_into_first(exchange.units, ask, ask)
    assert len(asked) == 2
    assert asked[0] == asked[1]


# Notices


def test_a_notice_that_nobody_signed_now_is_refused_and_not_stored(exchange, server, clock):
    thing = {"object": "checkout.session", "id": "cs_test_unknown"}
    event = {"id": "evt_1", "type": "checkout.session.completed", "created": 1}
    event["data"] = {"object": thing}
    clock.advance(seconds=-301)
    old = server.sign(event)
    clock.advance(seconds=602)
    future = server.sign(event)
    clock.advance(seconds=-301)
    notice = server.sign(event)
    large = server.sign({**event, "padding": "x" * inbox.BODY_BYTES_MAX})
    forged = [
        (notice.body + b" ", notice.header),
        (notice.body, ""),
        (notice.body, "t=1,v1=00"),
        (notice.body, notice.header.replace("v1=", "v0=")),
        (notice.body, "t=９９,v1=00"),
        (notice.body, notice.header + ",t=5"),
        (old.body, old.header),
        (future.body, future.header),
        (large.body, large.header),
    ]
    for body, header in forged:
        with exchange.units.begin(Reach.EXCHANGE) as uow, pytest.raises(NoticeRefused):
            inbox.receive(uow, exchange.stripe, body=body, headers={"Stripe-Signature": header})
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        assert queries.list_notices(uow.session).items == []
    assert exchange.deliver([notice]) == [True]


def test_a_poison_notice_dies_is_shown_and_can_be_replayed(exchange, server, clock, monkeypatch):
    top_up = exchange.top_up()
    server.state.pay(exchange.session_of(top_up.top_up_id))
    look = exchange.stripe.look
    monkeypatch.setattr(exchange.stripe, "look", lambda _subject: 1 // 0)
    exchange.deliver(server.take_notices("checkout.session.completed"))
    for _ in range(40):
        exchange.work()
        clock.advance(seconds=900)
    monkeypatch.setattr(exchange.stripe, "look", look)
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        dead = queries.list_notices(uow.session, state="dead").items
    assert [notice.attempts_count for notice in dead] == [12]
    assert ("notice_is_dead", dead[0].event_id) in exchange.findings()
    again = exchange.do(inbox.replay, notice_id=dead[0].notice_id)
    assert again.attempts_count == 0
    exchange.work()
    assert exchange.balance() == AMOUNT
    assert exchange.findings() == set()
    with pytest.raises(NoticeNotDead):
        exchange.do(inbox.replay, notice_id=dead[0].notice_id)


@pytest.mark.parametrize("call", ["send", "look"])
def test_what_one_worker_has_in_its_hands_another_leaves_alone(exchange, server, monkeypatch, call):
    asked, ask = [], getattr(exchange.stripe, call)

    def asking(*arguments):
        asked.append(arguments)
        if len(asked) == 1:
            exchange.work()
        return ask(*arguments)

    monkeypatch.setattr(exchange.stripe, call, asking)
    session = exchange.session_of(exchange.top_up().top_up_id)
    server.state.pay(session)
    exchange.deliver(server.take_notices("checkout.session.completed"))
    exchange.work()
    assert exchange.balance() == AMOUNT
    assert len(asked) == 1


def test_who_fails_late_undoes_nothing_of_what_another_has_done(
    exchange, server, clock, monkeypatch
):
    top_up, look, late = exchange.top_up(), exchange.stripe.look, []
    server.state.pay(exchange.session_of(top_up.top_up_id))

    def looking(subject):
        if late:
            return look(subject)
        late.append(subject)
        clock.advance(seconds=CLAIM_SECONDS)
        exchange.work()
        raise RuntimeError

    monkeypatch.setattr(exchange.stripe, "look", looking)
    exchange.deliver(server.take_notices("checkout.session.completed"))
    exchange.work()
    assert exchange.balance() == AMOUNT
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        (notice,) = queries.list_notices(uow.session).items
    assert (notice.state, notice.last_error) == ("done", None)


def test_a_provider_that_is_busy_is_not_asked_before_it_wants(exchange, server, clock, monkeypatch):
    asked = []

    def busy(subject):
        asked.append(subject)
        raise NotNow("busy", retry_after_seconds=600)

    session = exchange.session_of(exchange.top_up().top_up_id)
    server.state.pay(session)
    monkeypatch.setattr(exchange.stripe, "look", busy)
    exchange.deliver(server.take_notices("checkout.session.completed"))
    for seconds, asked_count in ((0, 1), (599, 1), (1, 2)):
        clock.advance(seconds=seconds)
        exchange.work()
        assert len(asked) == asked_count


def test_a_notice_of_something_that_is_not_ours_changes_nothing(exchange, server):
    stranger = server.state.make_intent(500, "cny", {})
    server.state.succeed(stranger)
    event = {
        "id": "evt_stranger",
        "type": "checkout.session.completed",
        "created": 1_790_000_000,
        "data": {"object": {"object": "checkout.session", "id": "cs_test_unknown"}},
    }
    exchange.deliver([server.sign(event)])
    exchange.work()
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        assert uow.session.query(PaymentEvent).one().state == "done"
    assert exchange.effects() == {}


# The sweep


def test_money_that_nobody_announced_goes_to_suspense_once_with_a_finding(exchange, server):
    exchange.paid_top_up()
    stranger = server.state.make_intent(4_200, "cny", {})
    charge = server.state.succeed(stranger)
    for _ in range(3):
        exchange.clock.advance(seconds=60)
        exchange.sweep()
    assert exchange.effects() == {"top_up": 1, "provider_unexplained": 1}
    assert exchange.sum_of("exchange/suspense/CNY") == 42 * SCALE
    rules = {rule for rule, _ in exchange.findings()}
    assert rules == {"movement_unexplained"}
    (subject,) = {subject for _, subject in exchange.findings()}
    assert subject == charge["balance_transaction"]
    with exchange.units.begin(Reach.EXCHANGE) as uow:
        finding = queries.list_findings(uow.session, is_open=True).items[0]
        findings.resolve(
            uow, finding_id=finding.finding_id, resolved_by="psn_1", resolution="sent back"
        )
        uow.commit()
    assert exchange.agrees()


def test_fees_and_payouts_of_the_provider_are_booked_so_that_the_balance_agrees(exchange, server):
    exchange.paid_top_up(fee=FEE)
    server.state.create_payout({"amount": "20000", "currency": "cny"})
    server.state.move("stripe_fee", -250, "cny")
    assert exchange.agrees()
    assert exchange.sum_of("exchange/fees/CNY") == -(FEE + 250) * SCALE // 100
    assert exchange.sum_of("exchange/bank/CNY") == -200 * SCALE
    held = AMOUNT - 200 * SCALE - (FEE + 250) * SCALE // 100
    assert exchange.sum_of("exchange/stripe/CNY") == -held
    assert exchange.agrees()


def test_a_difference_is_found_and_withdrawn_when_it_is_gone(exchange, server):
    exchange.paid_top_up()
    assert exchange.agrees()
    hidden = server.state.move("adjustment", -100, "cny")
    server.state.things.pop(hidden["id"])
    balance = server.state.balance
    server.state.balance = lambda: {
        **balance(),
        "pending": [{"amount": -100, "currency": "cny"}],
    }
    assert not exchange.agrees()
    assert exchange.findings() == {
        ("books_are_not_the_balance", "CNY"),
        ("statement_is_not_the_balance", "CNY"),
    }
    server.state.balance = balance
    assert exchange.agrees()


def test_a_dispute_that_nobody_told_is_found_by_its_line_of_the_statement(exchange, server):
    top_up = exchange.paid_top_up()
    server.state.dispute(exchange.intent_of(top_up.top_up_id))
    server.take_notices()
    assert exchange.agrees()
    assert (exchange.payment(top_up.top_up_id).state, exchange.balance()) == ("disputed", 0)
    assert exchange.effects() == {"top_up": 1, "charge_back": 1}


def test_an_operation_without_conclusion_is_shown(exchange, server, clock):
    top_up = exchange.top_up()
    server.inject("error_before", path="/v1/checkout/sessions", times=100)
    exchange.work()
    clock.advance(seconds=UNKNOWN_FINDING_SECONDS - 1)
    exchange.sweep()
    assert exchange.findings() == set()
    clock.advance(seconds=1)
    exchange.sweep()
    operation = exchange.payment(top_up.top_up_id)
    assert operation.state == "sent"
    assert ("operation_without_conclusion", operation.operation_id) in exchange.findings()
    server.faults.clear()
    assert exchange.work_on(operation.operation_id, "open") == "open"
    server.state.pay(exchange.payment(top_up.top_up_id).provider_reference)
    assert exchange.agrees()
    assert exchange.balance() == AMOUNT


def test_every_operation_is_looked_for_that_is_in_nobody_s_hands(
    exchange, server, clock, monkeypatch
):
    """Whoever sent it half a minute ago may be waiting for the answer still."""
    monkeypatch.setattr(sweep, "PAGE", 1)
    server.inject("drop_after", path="/v1/checkout/sessions", times=2)
    for _ in range(2):
        exchange.top_up()
    exchange.work()
    for seconds, state in ((30, "sent"), (1, "open")):
        clock.advance(seconds=seconds)
        exchange.sweep()
        assert [each.state for each in exchange.operations()] == [state, state]


def test_a_line_that_becomes_visible_late_is_read(exchange, server, clock):
    exchange.paid_top_up()
    assert exchange.agrees()
    clock.advance(seconds=-3_600)
    server.state.move("stripe_fee", -100, "cny")
    clock.advance(seconds=3_600)
    assert exchange.agrees()
    assert exchange.effects() == {"top_up": 1, "provider_fee": 1}


def test_two_workers_at_once_do_everything_once(exchange, server):
    for _ in range(3):
        exchange.top_up()
    errors = []

    def work():
        try:
            exchange.work()
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(server.state.all("checkout.session")) == 3
    assert {operation.state for operation in exchange.operations()} == {"open"}


def test_a_provider_that_is_away_stops_nothing_else(exchange, server):
    server.inject("drop_before", method="GET", path="/v1/balance", times=50)
    exchange.sweep()
    exchange.top_up()
    exchange.work()
    assert exchange.findings() == set()


def test_two_sweeps_at_once_book_every_line_once(exchange, server):
    exchange.paid_top_up(fee=FEE)
    for _ in range(5):
        server.state.succeed(server.state.make_intent(100, "cny", {}))
    errors = []

    def sweep():
        try:
            exchange.sweep()
        except Exception as error:  # noqa: BLE001 -- shown below
            errors.append(error)

    threads = [threading.Thread(target=sweep) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert exchange.effects() == {"top_up": 1, "provider_fee": 1, "provider_unexplained": 5}
    assert exchange.sum_of("exchange/suspense/CNY") == 5 * SCALE


def test_books_that_refuse_stop_nothing_else_and_are_tried_again(exchange, server, monkeypatch):
    first, second = exchange.top_up(), exchange.top_up()
    for top_up in (first, second):
        server.state.pay(exchange.session_of(top_up.top_up_id))
    credit = top_up_services.credit_top_up

    def refusing(uow, top_up_id, **command):
        if top_up_id == first.top_up_id:
            raise RuntimeError
        return credit(uow, top_up_id, **command)

    monkeypatch.setattr(top_up_services, "credit_top_up", refusing)
    exchange.deliver(server.take_notices("checkout.session.completed"))
    exchange.clock.advance(seconds=1_000)
    exchange.work()
    assert exchange.balance() == AMOUNT
    assert exchange.payment(first.top_up_id).state == "open"
    monkeypatch.setattr(top_up_services, "credit_top_up", credit)
    exchange.clock.advance(seconds=1_000)
    exchange.work()
    assert exchange.balance() == 2 * AMOUNT
    assert exchange.agrees()
