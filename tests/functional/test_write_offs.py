"""Debts that nobody expects to be paid: given up by two people, and recovered if money comes."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.states import IllegalTransition
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.credit_bills import dunning_services
from ledger.journal.billing.credit_bills import payment_services as bill_payment_services
from ledger.journal.billing.credit_bills.events import CreditBillPaid, PaymentReminded
from ledger.journal.billing.credit_lines import services as credit_line_services
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.billing.runs import services as run_services
from ledger.journal.books import cursors, postings
from ledger.journal.books.booking import book
from ledger.journal.charge_backs import owed_returns
from ledger.journal.charge_backs import services as charge_back_services
from ledger.journal.deciders import DeciderNotIndependent
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.periods import services as period_services
from ledger.journal.top_ups import services as top_up_services
from ledger.journal.top_ups.hosted_payment_gateway import HostedPaymentGateway
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import services as wallet_services
from ledger.journal.wallets.leases import WalletLeases
from ledger.journal.withdrawals import queries as withdrawal_queries
from ledger.journal.write_offs import recoveries
from ledger.journal.write_offs import services as write_off_services
from ledger.journal.write_offs.events import DebtWrittenOff, WriteOffRecovered
from ledger.log.services import driver_cursor
from tests.factories.crossing import second_runs_into_first
from tests.factories.traded_books import balances, log_keys
from tests.unit.journal.journal_app import (
    BUYER_ID,
    LICENCE_ID,
    PRINCIPALS,
    SUPPLIER_ID,
    journal_app,
)

WALLET, RECEIVABLE = f"{BUYER_ID}/wallet/CNY", f"{BUYER_ID}/receivable/CNY"
BAD_DEBT, PAYABLE = "exchange/bad_debt/CNY", f"{SUPPLIER_ID}/payable/CNY"
KEPT = (PAYABLE, "exchange/commission/CNY", "exchange/tax/CNY")
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
PATH = "/v1/write-offs"
FIRST, SECOND = PRINCIPALS["operator"], PRINCIPALS["second_operator"]
PAYER = Principal("psn_payer", BUYER_ID, frozenset({Role.BUYER}))
DECEMBER = datetime(2026, 12, 1, 3, tzinfo=UTC)
DISPUTED = {"gateway": "stripe", "provider_reference": "dp_1"}


@pytest.fixture
def ports():
    return BillingPorts(LogLaneLedger(), log_keys().statements)


@pytest.fixture
def call(units, clock, ports):
    client = journal_app(units, ports, clock).test_client()
    numbers = itertools.count()

    def request(who, method, path, json=None):
        headers = {"Authorization": who, "Idempotency-Key": f"key-{next(numbers)}"}
        return client.open(path, method=method, json=json, headers=headers)

    return request


@pytest.fixture
def do(units):
    def run(verb, *arguments, **named):
        with units.begin(Reach.EXCHANGE) as uow:
            made = verb(uow, *arguments, **named)
            uow.commit()
            return made

    return run


@pytest.fixture
def opened(do):
    for organisation_id in (BUYER_ID, SUPPLIER_ID):
        do(wallet_services.open_accounts, organisation_id=organisation_id)


@pytest.fixture
def line(do, opened):
    made = do(
        credit_line_services.propose_credit_line,
        FIRST,
        organisation_id=BUYER_ID,
        currency="CNY",
        limit_amount=500 * SCALE,
        due_days=14,
        reason="Audited accounts",
    )
    return do(credit_line_services.approve_credit_line, SECOND, credit_line_id=made.credit_line_id)


@pytest.fixture
def buy(do):
    numbers = itertools.count()

    def run(amount):
        do(
            trading_services.charge_order,
            order_id=f"ord_{next(numbers)}",
            buyer_id=BUYER_ID,
            supplier_id=SUPPLIER_ID,
            amount=amount,
            currency="CNY",
            split=SPLIT,
        )

    return run


@pytest.fixture
def pay(do):
    numbers = itertools.count()

    def step(uow, amount):
        draft = postings.top_up(
            reference=f"pay_{next(numbers)}",
            organisation_id=BUYER_ID,
            amount=amount,
            currency="CNY",
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

    def run(amount):
        do(step, amount)

    return run


@pytest.fixture
def owing(do, line, buy, clock, ports):
    """120.00 and the part of a fen on a bill of 120.01, 80.00 on none."""
    buy(120 * SCALE + 4_000)
    bill_november(do, clock, ports)
    buy(80 * SCALE)
    clock.set(DECEMBER + timedelta(days=20))


def bill_november(do, clock, ports):
    for _ in range(3):
        do(cursors.tally)
    clock.set(DECEMBER)
    do(run_services.start_due_runs)
    while do(run_services.work_on_run, ports):
        pass


OWED = 200 * SCALE + 4_000


@pytest.fixture
def take_back(do, opened, buy):
    """A card payment of 100.00 that is taken back by the payer's bank after some was spent."""

    def run(number, spent_amount):
        top_up_id = pay_by_card(do, f"pi_{number}")
        buy(spent_amount)
        do(
            charge_back_services.note_disputed,
            top_up_id=top_up_id,
            amount=100 * SCALE,
            gateway="stripe",
            provider_reference=f"dp_{number}",
        )

    return run


@pytest.fixture
def charged_back(take_back):
    """A card payment of 100.00, spent to 30.00, and taken back by the payer's bank."""
    take_back(1, 70 * SCALE)


def pay_by_card(do, reference):
    gateway = HostedPaymentGateway("stripe", address_of=str, check=lambda *_: None)
    requested = do(
        top_up_services.request_top_up, PAYER, gateway, amount=100 * SCALE, currency="CNY"
    )
    do(
        top_up_services.credit_top_up,
        requested.top_up_id,
        amount=100 * SCALE,
        gateway="stripe",
        provider_reference=reference,
    )
    return requested.top_up_id


def owe_minimum(do, period, currency="CNY"):
    """50.00 of a commitment that was not reached, and that no wallet paid yet."""
    do(
        period_services.adjust_period,
        licence_id=LICENCE_ID,
        buyer_id=BUYER_ID,
        supplier_id=SUPPLIER_ID,
        period=period,
        currency=currency,
        split=SPLIT,
        excess_amount=0,
        missing_amount=50 * SCALE,
    )


def lease(uow, clock, amount):
    """Money that calls hold."""
    return WalletLeases(clock).reserve(
        driver_cursor(uow),
        organisation_id=BUYER_ID,
        currency="CNY",
        wanted_amount=amount,
        least_amount=1,
        lease_id="lea_1",
    )


def propose(call, **more):
    body = {"organisation_id": BUYER_ID, "reason": "Insolvent, file 12.", **more}
    return call("operator", "POST", PATH, body)


def decide(call, write_off, decision="approve", who="second_operator"):
    path = f"{PATH}/{write_off['id']}/decision"
    return call(who, "POST", path, {"decision": decision})


@pytest.fixture
def written_off(call):
    def run(**more):
        answer = decide(call, propose(call, **more).json)
        assert answer.status_code == 200, answer.json
        return answer.json

    return run


def shown(call, write_off, who="buyer"):
    return call(who, "GET", f"{PATH}/{write_off['id']}").json


def problem(answer):
    return answer.json["type"].removeprefix("/problems#")


def sound(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return find_imbalances(uow.session) == []


def told(units, kind):
    return [each for each in units.events if isinstance(each, kind)]


def test_two_operators_give_a_debt_up_and_nobody_but_the_exchange_pays_for_it(
    call, owing, units, do
):
    before = balances(units)
    proposed = propose(call)
    assert (proposed.status_code, proposed.json["amount"]) == (201, "200.00004000")
    assert balances(units) == before, "a proposal moves nothing"
    assert sound(units)
    assert call("buyer", "GET", PATH).json["items"] == []
    assert problem(call("buyer", "GET", f"{PATH}/{proposed.json['id']}")) == ("write-off-not-found")
    asked = f"{PATH}?is_for_me=true"
    assert [each["id"] for each in call("second_operator", "GET", asked).json["items"]] == [
        proposed.json["id"]
    ]
    assert call("operator", "GET", asked).json["items"] == []
    assert problem(decide(call, proposed.json, who="operator")) == "second-person-required"
    made = decide(call, proposed.json)
    assert (made.json["state"], made.json["outstanding_amount"]) == ("written_off", "200.00004000")
    after = balances(units)
    assert (after.get(WALLET, 0), after[BAD_DEBT]) == (0, -OWED)
    assert {each: after[each] for each in KEPT} == {each: before[each] for each in KEPT}
    assert sound(units)
    (event,) = told(units, DebtWrittenOff)
    assert (event.organisation_id, event.amount) == (BUYER_ID, OWED)
    (item,) = shown(call, made.json)["items"]
    assert (item["kind"], item["amount"]) == ("credit", "200.00004000")
    assert problem(call("stranger", "GET", f"{PATH}/{made.json['id']}")) == ("write-off-not-found")
    assert call("stranger", "GET", PATH).json["items"] == []


def test_the_line_ends_and_its_bills_rest_unpaid(call, owing, units, do, written_off, clock):
    written_off()
    (line,) = call("buyer", "GET", "/v1/credit-lines").json["items"]
    assert line["state"] == "written_off"
    assert call("buyer", "GET", "/v1/exposures").json["items"] == []
    (bill,) = call("buyer", "GET", "/v1/credit-bills").json["items"]
    assert (bill["open_amount"], bill["written_off_amount"]) == ("0.00000000", "120.01000000")
    assert (bill["paid_at"], bill["paid_amount"]) == (None, "0.00000000")
    clock.advance(seconds=60 * 86_400)
    assert do(dunning_services.chase) == 0
    assert told(units, PaymentReminded) == []
    (wallet,) = call("buyer", "GET", "/v1/wallets").json["items"]
    assert (wallet["available"], wallet["owed"]) == ("0.00000000", "200.00004000")


def test_a_debtor_of_whom_nothing_can_be_taken_stands_before_no_other(
    owing, do, pay, written_off, plant
):
    """Its wallet's account is missing from the books."""
    written_off()
    pay(50 * SCALE)
    plant(
        "INSERT INTO write_offs (write_off_id, organisation_id, currency, amount, reason, state,"
        " proposed_by, proposed_at, decided_by, decided_at)"
        " VALUES ('wof_0', 'org_gone', 'CNY', 9, 'x', 'written_off', 'p', now(), 'q', now())",
        "INSERT INTO wallets (organisation_id, currency, account_id, balance_amount, opened_at)"
        " VALUES ('org_gone', 'CNY', 'org_gone/wallet/CNY', 5, now())",
    )
    assert [do(recoveries.recover_next) for _ in range(2)] == [1, 0]


def test_what_is_paid_later_is_taken_for_it_to_the_last_unit(
    call, owing, units, do, pay, written_off
):
    made = written_off()
    assert do(recoveries.recover_next) == 0
    pay(50 * SCALE)
    standing = withdrawal_queries.standing_of
    with units.begin(Reach.EXCHANGE) as uow:
        found = standing(uow.session, BUYER_ID, "CNY", counts_requests=True)
        assert found.refundable_amount == 0, "nobody takes out what is owed"
    assert [do(recoveries.recover_next) for _ in range(2)] == [1, 0]
    assert shown(call, made)["outstanding_amount"] == "150.00004000"
    (bill,) = call("buyer", "GET", "/v1/credit-bills").json["items"]
    assert (bill["paid_amount"], bill["written_off_amount"]) == ("50.00000000", "70.01000000")
    assert told(units, CreditBillPaid) == []
    pay(200 * SCALE)
    assert [do(recoveries.recover_next) for _ in range(2)] == [1, 0]
    held = balances(units)
    assert (held[WALLET], held.get(BAD_DEBT, 0)) == (250 * SCALE - OWED, 0)
    ended = shown(call, made)
    assert (ended["state"], ended["recovered_amount"]) == ("recovered", ended["amount"])
    (bill,) = call("buyer", "GET", "/v1/credit-bills").json["items"]
    assert (bill["paid_amount"], bill["paid_at"] is None) == ("120.01000000", False)
    assert len(told(units, CreditBillPaid)) == 1
    assert [each.amount for each in told(units, WriteOffRecovered)] == [
        50 * SCALE,
        150 * SCALE + 4_000,
    ]
    assert sound(units)


def test_a_bill_shows_what_paid_it_before_and_after_it_was_written_off(
    call, owing, do, pay, written_off, ports, clock
):
    pay(20 * SCALE)
    for _ in range(3):
        do(cursors.tally)
    assert do(bill_payment_services.match_payments) == 1
    written_off()
    for amount in (50, 200):
        pay(amount * SCALE)
        assert do(recoveries.recover_next) == 1
    (bill,) = call("buyer", "GET", "/v1/credit-bills").json["items"]
    payments = call("buyer", "GET", f"/v1/credit-bills/{bill['id']}").json["payments"]
    assert [(each["template"], each["amount"]) for each in payments] == [
        ("top_up", "20.00000000"),
        ("recover_write_off", "50.00000000"),
        ("recover_write_off", "50.01000000"),
    ]
    postings = call("buyer", "GET", "/v1/postings?limit=100").json["items"]
    assert {each["posting_id"] for each in payments} <= {each["id"] for each in postings}
    assert call("stranger", "GET", f"/v1/credit-bills/{bill['id']}").status_code == 404


def test_a_charge_back_that_is_won_gives_back_exactly_what_was_written_off_of_it(
    call, charged_back, units, do, written_off
):
    assert written_off()["amount"] == "70.00000000"
    assert balances(units)[BAD_DEBT] == -70 * SCALE
    assert do(owed_returns.collect_owed) == 0
    for _ in range(2):
        do(charge_back_services.note_dispute_closed, is_lost=False, **DISPUTED)
    held = balances(units)
    assert (held[WALLET], held.get(BAD_DEBT, 0), held.get(RECEIVABLE, 0)) == (30 * SCALE, 0, 0)
    (recovered,) = told(units, WriteOffRecovered)
    assert (recovered.amount, recovered.outstanding_amount) == (70 * SCALE, 0)
    assert sound(units)


def test_what_was_paid_of_a_charge_back_comes_back_when_it_is_won(
    charged_back, units, do, pay, written_off
):
    written_off()
    pay(45 * SCALE)
    assert do(recoveries.recover_next) == 1
    do(charge_back_services.note_dispute_closed, is_lost=False, **DISPUTED)
    held = balances(units)
    # 100.00 by card and 45.00 by bank came in, and 70.00 were spent.
    assert (held[WALLET], held.get(BAD_DEBT, 0), held.get(RECEIVABLE, 0)) == (75 * SCALE, 0, 0)
    assert sound(units)


def test_a_charge_back_that_is_lost_leaves_it_written_off(charged_back, units, do, written_off):
    written_off()
    do(charge_back_services.note_dispute_closed, is_lost=True, **DISPUTED)
    assert balances(units)[BAD_DEBT] == -70 * SCALE
    assert told(units, WriteOffRecovered) == []
    assert sound(units)


def test_a_commitment_that_was_written_off_is_not_collected_beside_it(
    call, opened, units, do, pay, written_off
):
    owe_minimum(do, "1")
    made = written_off()
    assert shown(call, made)["items"][0]["subject"] == f"{LICENCE_ID}:1"
    assert problem(propose(call)) == "nothing-owed"
    pay(60 * SCALE)
    assert do(period_services.collect_minimums) == 0
    assert do(recoveries.recover_next) == 1
    held = balances(units)
    assert (held[WALLET], held.get(BAD_DEBT, 0), held.get(RECEIVABLE, 0)) == (10 * SCALE, 0, 0)
    assert sound(units)


def test_a_commitment_that_was_collected_is_owed_no_more(call, opened, do, pay):
    owe_minimum(do, "1")
    pay(50 * SCALE)
    assert do(period_services.collect_minimums) == 1
    assert problem(propose(call)) == "nothing-owed"


def test_the_oldest_of_a_currency_is_recovered_first(call, opened, do, take_back, pay, written_off):
    do(wallet_services.open_accounts, organisation_id=BUYER_ID, currency="USD")
    owe_minimum(do, "1", "USD")
    dollars = written_off(currency="USD")
    take_back(1, 70 * SCALE)
    older = written_off()
    owe_minimum(do, "2")
    newer = written_off()
    pay(60 * SCALE)
    assert do(recoveries.recover_next) == 1
    left = [shown(call, each)["outstanding_amount"] for each in (dollars, older, newer)]
    assert left == ["50.00000000", "10.00000000", "50.00000000"]


def test_of_two_charge_backs_the_one_that_is_won_is_recovered(call, do, take_back, written_off):
    take_back(1, 70 * SCALE)
    take_back(2, 100 * SCALE)
    made = written_off()
    do(
        charge_back_services.note_dispute_closed,
        is_lost=False,
        gateway="stripe",
        provider_reference="dp_2",
    )
    items = shown(call, made)["items"]
    recovered = [(each["amount"], each["recovered_amount"]) for each in items]
    assert recovered == [("70.00000000", "0.00000000"), ("100.00000000", "100.00000000")]


def test_charge_backs_that_were_written_off_hide_none_that_is_owed(
    do, take_back, pay, written_off, monkeypatch
):
    take_back(1, 70 * SCALE)
    written_off()
    take_back(2, 100 * SCALE)
    pay(45 * SCALE)
    monkeypatch.setattr(owed_returns, "PORTION", 1)
    assert do(owed_returns.collect_owed) == 1


def test_what_calls_hold_recovers_nothing(charged_back, units, do, pay, written_off, clock):
    written_off()
    pay(50 * SCALE)
    assert do(lease, clock, 20 * SCALE) == 20 * SCALE
    assert do(recoveries.recover_next) == 1
    assert balances(units)[WALLET] == 20 * SCALE


def test_the_last_of_the_credit_pays_a_bill_s_rounding_too(
    call, line, buy, clock, ports, do, pay, written_off
):
    buy(120 * SCALE + 4_000)
    bill_november(do, clock, ports)
    assert written_off()["amount"] == "120.00004000"
    pay(200 * SCALE)
    assert do(recoveries.recover_next) == 1
    (bill,) = call("buyer", "GET", "/v1/credit-bills").json["items"]
    assert (bill["paid_amount"], bill["written_off_amount"]) == ("120.01000000", "0.00000000")


def test_exactly_what_was_proposed_is_written_off_or_nothing(call, owing, units, pay, buy):
    proposed = propose(call).json
    pay(SCALE)
    changed = decide(call, proposed)
    assert (changed.status_code, problem(changed)) == (409, "debt-changed")
    assert changed.json["owed_amount"] == "199.00004000"
    buy(2 * SCALE)
    more = decide(call, proposed)
    assert (problem(more), more.json["owed_amount"]) == ("debt-changed", "201.00004000")
    assert problem(propose(call)) == "write-off-proposed"
    assert decide(call, proposed, "decline").json["state"] == "declined"
    assert problem(propose(call, currency="USD")) == "wallet-not-open"
    assert decide(call, propose(call).json).json["state"] == "written_off"
    assert problem(propose(call)) == "nothing-owed"
    states = call("auditor", "GET", f"{PATH}?state=declined").json["items"]
    assert [each["id"] for each in states] == [proposed["id"]]


def test_nothing_is_written_off_while_calls_hold_money(call, owing, do, clock):
    proposed = propose(call).json
    do(lease, clock, SCALE)
    assert problem(decide(call, proposed)) == "wallet-in-use"


def test_it_is_the_exchange_s_own_decision(call, owing):
    proposed = propose(call).json
    for who in ("buyer", "supplier", "auditor"):
        body = {"organisation_id": BUYER_ID, "reason": "Mine."}
        assert call(who, "POST", PATH, body).status_code == 403
        assert decide(call, proposed, who=who).status_code == 403
    assert problem(decide(call, {"id": "wof_1"})) == "write-off-not-found"


def test_nobody_gives_up_what_its_own_organisation_owes(call, charged_back, do):
    own = Principal("psn_x", BUYER_ID, frozenset({Role.OPERATOR}), has_second_factor=True)
    named = {"organisation_id": BUYER_ID, "currency": "CNY", "reason": "Mine."}
    with pytest.raises(DeciderNotIndependent):
        do(write_off_services.propose_write_off, own, **named)
    write_off_id = propose(call).json["id"]
    with pytest.raises(DeciderNotIndependent):
        do(write_off_services.approve_write_off, own, write_off_id=write_off_id)


FREEZE = (
    "INSERT INTO account_freezes (freeze_id, account_id, organisation_id, rule, finding,"
    " frozen_at) VALUES ('frz_1', :account_id, :organisation_id, 'r', '{}', now())"
)
LIFT = (
    "UPDATE account_freezes SET lift_reason = 'r', lift_asked_by = 'p', lift_asked_at = now(),"
    " lifted_by = 'q', lifted_at = now()"
)


@pytest.fixture
def freeze(do):
    """Freeze the buyer's wallet, or lift that."""

    def run(statement):
        named = {"account_id": WALLET, "organisation_id": BUYER_ID}
        do(lambda uow: uow.session.execute(text(statement), named if statement is FREEZE else {}))

    return run


def test_what_a_frozen_wallet_owes_is_not_given_up(call, charged_back, freeze):
    proposed = propose(call).json
    freeze(FREEZE)
    assert problem(decide(call, proposed)) == "account-frozen"


@pytest.mark.parametrize("is_written_off", [False, True])
def test_a_frozen_wallet_pays_what_it_owes_when_the_freeze_is_lifted(
    charged_back, do, pay, written_off, freeze, is_written_off
):
    if is_written_off:
        written_off()
    collect = recoveries.recover_next if is_written_off else owed_returns.collect_owed
    pay(45 * SCALE)
    freeze(FREEZE)
    assert do(collect) == 0
    freeze(LIFT)
    assert do(collect) == 1


# Two at once, against the database


def test_of_two_approvals_at_once_one_is_booked(call, owing, units):
    proposed = propose(call).json["id"]

    def approve(uow):
        write_off_services.approve_write_off(uow, SECOND, write_off_id=proposed)

    with pytest.raises(IllegalTransition):
        second_runs_into_first(units, approve, approve)
    assert balances(units)[BAD_DEBT] == -OWED


def test_a_charge_back_won_beside_the_write_off_waits_and_recovers_it(call, charged_back, units):
    proposed = propose(call).json["id"]

    def approve(uow):
        write_off_services.approve_write_off(uow, SECOND, write_off_id=proposed)

    def win(uow):
        charge_back_services.note_dispute_closed(uow, is_lost=False, **DISPUTED)

    second_runs_into_first(units, approve, win)
    held = balances(units)
    assert (held[WALLET], held.get(BAD_DEBT, 0), held.get(RECEIVABLE, 0)) == (30 * SCALE, 0, 0)
    assert sound(units)


@pytest.mark.parametrize("is_payment_first", [True, False])
def test_a_payment_and_a_won_charge_back_at_once_recover_it_once(
    charged_back, units, pay, written_off, is_payment_first
):
    written_off()
    pay(40 * SCALE)

    def win(uow):
        charge_back_services.note_dispute_closed(uow, is_lost=False, **DISPUTED)

    first, second = (
        (recoveries.recover_next, win) if is_payment_first else (win, recoveries.recover_next)
    )
    second_runs_into_first(units, first, second)
    held = balances(units)
    assert (held[WALLET], held.get(BAD_DEBT, 0), held.get(RECEIVABLE, 0)) == (70 * SCALE, 0, 0)
    assert sound(units)
