"""Gateways tell of money that came and went back: each report once, whatever the wallet holds."""

import threading
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.core.errors import CounterfoilError
from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.states import IllegalTransition
from app.reactions import paying
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.credit_bills import exposure_queries
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.errors import AccountFrozen
from ledger.journal.books.models import AccountFreeze
from ledger.journal.books.provider_books import open_exchange_accounts
from ledger.journal.charge_backs import owed_returns
from ledger.journal.charge_backs import services as charge_back_services
from ledger.journal.charge_backs.errors import ReturnExceedsTopUp, ReturnNotFound, TopUpNotPaid
from ledger.journal.charge_backs.events import TopUpReturned
from ledger.journal.top_ups import services as top_up_services
from ledger.journal.top_ups.errors import ConfirmationDiffers
from ledger.journal.top_ups.events import TopUpPaid
from ledger.journal.top_ups.models import TopUpReturn
from ledger.journal.top_ups.ports import PaymentInstructions
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.leases import WalletLeases
from ledger.journal.wallets.services import open_accounts
from ledger.log.services import driver_cursor
from tests.factories.crossing import second_runs_into_first
from tests.factories.traded_books import balances

AMOUNT = 100 * SCALE
BUYER = Principal("psn_b", "org_buyer", frozenset({Role.BUYER}))
WALLET, OWED = "org_buyer/wallet/CNY", "org_buyer/receivable/CNY"
STRIPE = "exchange/stripe/CNY"
SPLIT = {"supplier": 10_000, "commission": 0, "tax": 0}


class CardGateway:
    """A gateway that moves money itself."""

    name = "stripe"

    def open_top_up(self, top_up_id, _money):
        return PaymentInstructions(f"ref {top_up_id}", "https://pay.example")


@pytest.fixture
def do(units):
    def run(verb, *arguments, **named):
        with units.begin(Reach.EXCHANGE) as uow:
            made = verb(uow, *arguments, **named)
            uow.commit()
            return made

    return run


@pytest.fixture
def requested(units):
    with units.begin(Reach.organisation("org_buyer")) as uow:
        made = top_up_services.request_top_up(
            uow, BUYER, CardGateway(), amount=AMOUNT, currency="CNY"
        )
        uow.commit()
        return made


@pytest.fixture
def pay(do, requested):
    def run(amount=AMOUNT, gateway="stripe", reference="pi_1"):
        return do(
            top_up_services.credit_top_up,
            requested.top_up_id,
            amount=amount,
            gateway=gateway,
            provider_reference=reference,
        )

    return run


@pytest.fixture
def report(requested):
    return {"top_up_id": requested.top_up_id, "gateway": "stripe", "provider_reference": "dp_1"}


def spend(units, amount):
    """The buyer buys a package."""
    with units.begin(Reach.EXCHANGE) as uow:
        open_accounts(uow, organisation_id="org_s")
        draft = postings.charge_order(
            order_id="ord_1",
            buyer_id="org_buyer",
            supplier_id="org_s",
            amount=amount,
            currency="CNY",
            split=SPLIT,
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()


def sound(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return find_imbalances(uow.session) == []


def test_a_payment_credits_the_wallet_once_however_often_it_is_told(pay, units):
    for _ in range(2):
        assert pay().state == "posted"
    assert balances(units) == {WALLET: AMOUNT, STRIPE: -AMOUNT}
    assert len([event for event in units.events if isinstance(event, TopUpPaid)]) == 1


def test_two_reports_at_once_credit_once(pay, units):
    start = threading.Barrier(3)

    def work():
        start.wait()
        pay()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert balances(units)[WALLET] == AMOUNT


def test_another_amount_gateway_or_payment_is_refused(pay, units):
    with pytest.raises(ConfirmationDiffers):
        pay(amount=AMOUNT - 1)
    with pytest.raises(ConfirmationDiffers):
        pay(gateway="alipay")
    pay()
    with pytest.raises(IllegalTransition):
        pay(reference="pi_2")


def test_money_for_a_cancelled_top_up_is_the_buyer_s_all_the_same(pay, requested, units):
    with units.begin(Reach.organisation("org_buyer")) as uow:
        top_up_services.cancel_top_up(uow, BUYER, top_up_id=requested.top_up_id)
        uow.commit()
    assert pay().state == "posted"
    assert balances(units)[WALLET] == AMOUNT


def test_a_charge_back_leaves_owed_what_the_wallet_lacks_and_a_won_one_undoes_it(
    do, pay, report, units
):
    pay()
    spend(units, 70 * SCALE)
    before = balances(units)
    for _ in range(2):
        noted = do(charge_back_services.note_disputed, amount=AMOUNT, **report)
        assert (noted.state, noted.owed_amount) == ("disputed", 70 * SCALE)
    held = balances(units)
    assert (held.get(WALLET, 0), held[OWED]) == (0, -70 * SCALE)
    assert STRIPE not in held
    named = {"gateway": "stripe", "provider_reference": "dp_1"}
    for _ in range(2):
        assert do(charge_back_services.note_dispute_closed, **named, is_lost=False).state == "won"
    assert balances(units) == before
    assert sound(units)
    states = [event.state for event in units.events if isinstance(event, TopUpReturned)]
    assert states == ["disputed", "won"]


@pytest.fixture
def owing(do, pay, report, units):
    """A hundred were paid, seventy spent and the hundred taken back: seventy are owed."""
    pay()
    spend(units, 70 * SCALE)
    return do(charge_back_services.note_disputed, amount=AMOUNT, **report)


def come_in(do, amount, reference):
    def step(uow):
        draft = postings.top_up(
            reference=reference, organisation_id="org_buyer", amount=amount, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

    do(step)


def shown(units):
    with units.begin(Reach.organisation("org_buyer")) as uow:
        (wallet,) = wallet_queries.list_wallets(
            uow.session, "org_buyer", cursor=None, limit=1
        ).items
        return wallet


def test_the_owner_sees_what_is_owed_until_it_is_paid(do, owing, units):
    assert (shown(units).balance_amount, shown(units).owed_amount) == (0, 70 * SCALE)
    come_in(do, 20 * SCALE, "tup_a")
    do(owed_returns.collect_owed)
    assert (shown(units).balance_amount, shown(units).owed_amount) == (0, 50 * SCALE)
    come_in(do, 60 * SCALE, "tup_b")
    do(owed_returns.collect_owed)
    assert (shown(units).balance_amount, shown(units).owed_amount) == (10 * SCALE, 0)


def test_the_rounding_of_an_invoice_is_no_debt_and_pays_none(do, owing, units):
    """The fractions between calls and whole fen stand on the same account."""

    def step(uow):
        open_exchange_accounts(uow, currency="CNY")
        for number, rounding in enumerate((300_000, -700_000), start=1):
            draft = postings.invoice_rounding(
                invoice_id=f"inv_{number}",
                buyer_id="org_buyer",
                rounding=rounding,
                currency="CNY",
            )
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

    do(step)
    assert shown(units).owed_amount == 70 * SCALE


def test_one_that_cannot_be_taken_stands_before_no_other(do, owing, units, monkeypatch):
    collect = owed_returns._collect

    def refusing(uow, returned):
        assert returned.return_id != owing.return_id, "none of this can be"
        return collect(uow, returned)

    def another(uow):
        columns = {each.key: getattr(owing, each.key) for each in TopUpReturn.__table__.columns}
        behind = {"return_id": f"{owing.return_id}_b", "provider_reference": "dp_2"}
        uow.session.add(TopUpReturn(**columns | behind))

    do(another)
    come_in(do, 20 * SCALE, "tup_a")
    monkeypatch.setattr(owed_returns, "PORTION", 1)
    monkeypatch.setattr(owed_returns, "_collect", refusing)
    assert [do(owed_returns.collect_owed) for _ in range(2)] == [0, 1]
    assert shown(units).balance_amount == 0


def test_what_a_charge_back_left_owed_is_taken_as_soon_as_money_comes_in(do, owing, units):
    assert do(owed_returns.collect_owed) == 0
    come_in(do, 20 * SCALE, "tup_a")
    assert [do(owed_returns.collect_owed) for _ in range(2)] == [1, 0]
    assert (balances(units).get(WALLET, 0), balances(units)[OWED]) == (0, -50 * SCALE)
    come_in(do, 60 * SCALE, "tup_b")
    assert [do(owed_returns.collect_owed) for _ in range(2)] == [1, 0]
    assert (balances(units)[WALLET], balances(units).get(OWED, 0)) == (10 * SCALE, 0)
    assert sound(units)


def test_a_charge_back_won_after_it_was_collected_gives_the_wallet_all_of_it(do, owing, units):
    come_in(do, 20 * SCALE, "tup_a")
    do(owed_returns.collect_owed)
    for _ in range(2):
        do(
            charge_back_services.note_dispute_closed,
            gateway="stripe",
            provider_reference="dp_1",
            is_lost=False,
        )
    assert (balances(units)[WALLET], balances(units).get(OWED, 0)) == (50 * SCALE, 0)
    assert do(owed_returns.collect_owed) == 0
    assert sound(units)


def test_what_calls_hold_pays_no_charge_back_and_what_may_be_lent_does(do, owing, units, clock):
    come_in(do, 20 * SCALE, "tup_a")
    do(
        lambda uow: WalletLeases(clock).reserve(
            driver_cursor(uow),
            organisation_id="org_buyer",
            currency="CNY",
            wanted_amount=15 * SCALE,
            least_amount=1,
            lease_id="lea_1",
        )
    )
    do(owed_returns.collect_owed)
    assert balances(units)[WALLET] == 15 * SCALE
    lend(do, 10 * SCALE)
    do(owed_returns.collect_owed)
    assert balances(units)[WALLET] == 5 * SCALE
    assert sound(units)


def lend(do, limit):
    """A credit line, as far as wallets know of it."""
    raised = text("UPDATE wallets SET credit_limit_amount = :limit")
    do(lambda uow: uow.session.execute(raised, {"limit": limit}))


def exposure(units):
    with units.begin(Reach.EXCHANGE) as uow:
        (found,) = exposure_queries.list_exposures(
            uow.session, None, at=uow.now, cursor=None, limit=5
        ).items
        return found


@pytest.mark.parametrize("is_suspended", [False, True])
def test_a_bill_s_payment_that_is_charged_back_counts_against_the_limit(
    do, pay, report, units, is_suspended
):
    """A hundred were bought and paid: taken back they are lent again, as far as the limit goes."""
    pay()
    lend(do, 80 * SCALE)
    spend(units, AMOUNT)
    suspended = text("UPDATE wallets SET is_credit_suspended = :is_suspended")
    do(lambda uow: uow.session.execute(suspended, {"is_suspended": is_suspended}))
    noted = do(charge_back_services.note_disputed, amount=AMOUNT, **report)
    assert noted.owed_amount == 20 * SCALE
    found = exposure(units)
    assert (found.used_amount, found.owed_amount, found.available_amount) == (
        80 * SCALE,
        20 * SCALE,
        0,
    )
    come_in(do, 30 * SCALE, "tup_a")
    assert [do(owed_returns.collect_owed) for _ in range(2)] == [1, 0]
    found = exposure(units)
    assert (found.used_amount, found.owed_amount) == (70 * SCALE, 0)
    named = {"gateway": "stripe", "provider_reference": "dp_1"}
    do(charge_back_services.note_dispute_closed, **named, is_lost=False)
    assert balances(units)[WALLET] == 30 * SCALE
    assert sound(units)


def test_two_workers_collect_what_is_owed_once(do, owing, units):
    come_in(do, 100 * SCALE, "tup_a")
    second_runs_into_first(units, owed_returns.collect_owed, owed_returns.collect_owed)
    assert (balances(units)[WALLET], balances(units).get(OWED, 0)) == (30 * SCALE, 0)


def test_a_bank_takes_what_was_refunded_once_more(do, pay, report, units):
    pay()
    do(
        charge_back_services.note_refunded,
        amount=60 * SCALE,
        **{**report, "provider_reference": "re_1"},
    )
    assert do(charge_back_services.note_disputed, amount=AMOUNT, **report).owed_amount == 60 * SCALE
    assert balances(units) == {STRIPE: 60 * SCALE, OWED: -60 * SCALE}
    with pytest.raises(ReturnExceedsTopUp):
        do(charge_back_services.note_disputed, amount=1, **{**report, "provider_reference": "dp_2"})
    assert sound(units)


def test_a_lost_charge_back_stays(do, pay, report, units):
    pay()
    do(charge_back_services.note_disputed, amount=AMOUNT, **report)
    named = {"gateway": "stripe", "provider_reference": "dp_1"}
    assert do(charge_back_services.note_dispute_closed, **named, is_lost=True).state == "lost"
    assert balances(units) == {}


def test_what_was_won_may_be_taken_back_for_another_reason(do, pay, report, units):
    pay()
    do(charge_back_services.note_disputed, amount=AMOUNT, **report)
    named = {"gateway": "stripe", "provider_reference": "dp_1"}
    do(charge_back_services.note_dispute_closed, **named, is_lost=False)
    do(
        charge_back_services.note_disputed,
        amount=AMOUNT,
        **{**report, "provider_reference": "dp_2"},
    )
    assert balances(units) == {}
    assert sound(units)


def test_refunds_of_a_top_up_never_exceed_it_and_a_failed_one_is_given_again(
    do, pay, report, units
):
    pay()
    first = {**report, "provider_reference": "re_1"}
    for _ in range(2):
        do(charge_back_services.note_refunded, amount=60 * SCALE, **first)
    assert balances(units)[WALLET] == 40 * SCALE
    second = {**report, "provider_reference": "re_2"}
    with pytest.raises(ReturnExceedsTopUp):
        do(charge_back_services.note_refunded, amount=41 * SCALE, **second)
    named = {"gateway": "stripe", "provider_reference": "re_1"}
    for _ in range(2):
        assert do(charge_back_services.note_refund_failed, **named).state == "failed"
    told = [event.state for event in units.events if isinstance(event, TopUpReturned)]
    assert told == ["closed", "failed"]
    assert balances(units)[WALLET] == AMOUNT
    do(charge_back_services.note_refunded, amount=AMOUNT, **second)
    assert balances(units) == {}
    assert sound(units)


def test_what_never_came_does_not_go_back(do, report):
    with pytest.raises(TopUpNotPaid):
        do(charge_back_services.note_refunded, amount=1, **report)
    named: dict[str, str] = {"gateway": "stripe", "provider_reference": "dp_9"}
    refusal: type[CounterfoilError] = ReturnNotFound
    with pytest.raises(refusal):
        do(charge_back_services.note_dispute_closed, **named, is_lost=True)
    with pytest.raises(refusal):
        do(charge_back_services.note_refund_failed, **named)


def test_a_provider_s_fee_is_booked_once_and_is_nobody_else_s(do, pay, units):
    pay()
    for _ in range(2):
        do(
            charge_back_services.note_fee,
            movement_id="txn_1",
            amount=30,
            currency="CNY",
            gateway="stripe",
        )
    assert balances(units)["exchange/fees/CNY"] == -30
    assert balances(units)[WALLET] == AMOUNT


def test_the_owner_reads_what_went_back_and_nobody_else(do, pay, report, units):
    pay()
    do(charge_back_services.note_disputed, amount=AMOUNT, **report)
    for organisation_id, count in (("org_buyer", 1), ("org_stranger", 0)):
        with units.begin(Reach.organisation(organisation_id)) as uow:
            seen = uow.session.scalar(text("SELECT count(*) FROM top_up_returns"))
            assert seen == count


def take_refund(uow, amount):
    """As two operators approved it."""
    approved = SimpleNamespace(
        operation_id="pop_1",
        subject_id=uow.session.scalar(text("SELECT top_up_id FROM top_ups")),
        organisation_id="org_buyer",
        amount=amount,
        currency="CNY",
        gateway="stripe",
    )
    paying.take_refund(uow, approved)


def test_a_refund_takes_own_money_and_draws_no_credit(do, pay, units):
    pay()
    spend(units, 70 * SCALE)
    lend(do, 80 * SCALE)
    with pytest.raises(InsufficientFunds) as refused:
        do(take_refund, 31 * SCALE)
    assert refused.value.facts["available_amount"] == "30.00000000"
    assert balances(units)[WALLET] == 30 * SCALE
    do(take_refund, 30 * SCALE)
    assert balances(units).get(WALLET, 0) == 0
    assert sound(units)


def test_a_frozen_wallet_gives_no_refund_and_a_charge_back_all_the_same(do, pay, report, units):
    pay()
    freeze = AccountFreeze(
        freeze_id="frz_1",
        account_id=WALLET,
        organisation_id="org_buyer",
        rule="test",
        finding={},
        frozen_at=units.clock.now(),
    )
    do(lambda uow: uow.session.add(freeze))
    with pytest.raises(AccountFrozen):
        do(take_refund, SCALE)
    assert balances(units)[WALLET] == AMOUNT
    assert do(charge_back_services.note_disputed, amount=AMOUNT, **report).owed_amount == 0
