"""Top-ups: two different people, the announced amount, exactly one credit."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.errors import CounterfoilError
from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.states import IllegalTransition
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.deciders import SecondPersonRequired
from ledger.journal.top_ups import queries as top_up_queries
from ledger.journal.top_ups import services as top_up_services
from ledger.journal.top_ups.bank_transfer_gateway import BankTransferGateway
from ledger.journal.top_ups.creditor_reference import is_creditor_reference
from ledger.journal.top_ups.errors import (
    ConfirmationDiffers,
    ConfirmerNotIndependent,
    MayNotCancelTopUp,
    TopUpAmountUnfit,
    TopUpArrived,
    TopUpNotFound,
)
from ledger.journal.top_ups.events import TopUpCancelled, TopUpConfirmed, TopUpRequested
from ledger.journal.wallets import queries as wallet_queries
from tests.factories.crossing import second_runs_into_first

AMOUNT = 1000 * SCALE
BUYER = Principal("psn_buyer", "org_buyer", frozenset({Role.BUYER}))
FIRST = Principal("psn_1", "org_exchange", frozenset({Role.OPERATOR}), has_second_factor=True)
SECOND = replace(FIRST, id="psn_2")
GATEWAY = BankTransferGateway({"CNY": "Bank of Examples, account 0001"})


@pytest.fixture
def run(units):
    """Runs a step with a principal's own reach, and commits it."""

    def step(principal, verb, **command):
        reach = (
            Reach.EXCHANGE
            if principal.is_exchange_staff
            else Reach.organisation(principal.organisation_id)
        )
        with units.begin(reach) as uow:
            top_up = verb(uow, principal, **command)
            uow.commit()
            return top_up

    return step


@pytest.fixture
def requested(run):
    return run(
        BUYER, top_up_services.request_top_up, gateway=GATEWAY, amount=AMOUNT, currency="CNY"
    )


@pytest.fixture
def confirm(run, requested):
    def step(principal, amount=AMOUNT, currency="CNY"):
        return run(
            principal,
            top_up_services.confirm_top_up,
            top_up_id=requested.top_up_id,
            amount=amount,
            currency=currency,
        )

    return step


def balance(units):
    with units.begin(Reach.EXCHANGE) as uow:
        assert find_imbalances(uow.session) == []
        wallet = wallet_queries.find_wallet_for_update(uow.session, BUYER.organisation_id, "CNY")
        return wallet.balance_amount if wallet else 0


def test_a_request_moves_no_money_and_gives_a_checkable_reference(requested, units):
    assert is_creditor_reference(requested.reference)
    assert requested.pay_into == "Bank of Examples, account 0001"
    assert balance(units) == 0
    assert [type(event) for event in units.events] == [TopUpRequested]


def test_two_people_credit_the_wallet(requested, confirm, units):
    assert confirm(FIRST).state == "confirmed_once"
    assert balance(units) == 0
    assert confirm(SECOND).state == "posted"
    assert balance(units) == AMOUNT
    event = units.events[-1]
    assert isinstance(event, TopUpConfirmed)
    assert event.confirmed_by == ("psn_1", "psn_2")


def test_one_person_cannot_be_two(requested, confirm, units):
    confirm(FIRST)
    with pytest.raises(SecondPersonRequired):
        confirm(FIRST)
    assert balance(units) == 0


def test_the_database_refuses_one_person_twice(requested, units):
    change = text(
        "UPDATE top_ups SET state = 'posted', first_confirmed_by = 'psn_1',"
        " second_confirmed_by = 'psn_1'"
    )
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError, match="two_people"):
        uow.session.execute(change)


def test_a_third_confirmation_credits_nothing(requested, confirm, units):
    confirm(FIRST)
    confirm(SECOND)
    with pytest.raises(IllegalTransition):
        confirm(replace(FIRST, id="psn_3"))
    assert balance(units) == AMOUNT


def test_two_second_confirmations_at_once_credit_once(requested, confirm, units):
    confirm(FIRST)
    outcomes = []
    start = threading.Barrier(2)

    def second(principal_id):
        start.wait()
        try:
            outcomes.append(confirm(replace(SECOND, id=principal_id)).state)
        except IllegalTransition:
            outcomes.append("refused")

    threads = [threading.Thread(target=second, args=(f"psn_{n}",)) for n in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["posted", "refused"]
    assert balance(units) == AMOUNT


def test_one_person_confirming_twice_at_once_confirms_once(requested, confirm, units):
    outcomes = []
    start = threading.Barrier(2)

    def work():
        start.wait()
        try:
            outcomes.append(confirm(FIRST).state)
        except SecondPersonRequired:
            outcomes.append("refused")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["confirmed_once", "refused"]
    assert balance(units) == 0


@pytest.mark.parametrize(("amount", "currency"), [(AMOUNT + 1_000_000, "CNY"), (AMOUNT, "USD")])
def test_what_was_seen_must_be_what_was_announced(requested, confirm, units, amount, currency):
    with pytest.raises(ConfirmationDiffers):
        confirm(FIRST, amount=amount, currency=currency)


@pytest.mark.parametrize(
    "party", [replace(FIRST, organisation_id="org_buyer"), replace(FIRST, id="psn_buyer")]
)
def test_a_party_does_not_confirm_its_own_money(requested, confirm, party):
    with pytest.raises(ConfirmerNotIndependent):
        confirm(party)


@pytest.mark.parametrize("amount", [0, 1, AMOUNT * 10**6])
def test_an_amount_that_no_bank_transfers_is_refused(run, amount):
    with pytest.raises(TopUpAmountUnfit):
        run(BUYER, top_up_services.request_top_up, gateway=GATEWAY, amount=amount, currency="CNY")


@pytest.mark.parametrize("principal", [BUYER, FIRST])
def test_the_buyer_or_an_operator_cancels(run, requested, confirm, units, principal):
    cancelled = run(principal, top_up_services.cancel_top_up, top_up_id=requested.top_up_id)
    assert (cancelled.state, cancelled.cancelled_by) == ("cancelled", principal.id)
    (event,) = [each for each in units.events if isinstance(each, TopUpCancelled)]
    assert event.is_by_exchange == (principal is FIRST)
    with pytest.raises(IllegalTransition):
        confirm(FIRST)


def test_what_one_operator_saw_arrive_operators_alone_cancel(run, requested, confirm):
    confirm(FIRST)
    with pytest.raises(TopUpArrived):
        run(BUYER, top_up_services.cancel_top_up, top_up_id=requested.top_up_id)
    cancelled = run(SECOND, top_up_services.cancel_top_up, top_up_id=requested.top_up_id)
    assert cancelled.state == "cancelled"
    with pytest.raises(IllegalTransition):
        confirm(SECOND)


def _confirming(top_up_id):
    def step(uow):
        command = {"top_up_id": top_up_id, "amount": AMOUNT, "currency": "CNY"}
        return top_up_services.confirm_top_up(uow, FIRST, **command).state

    return step


def _cancelling(top_up_id):
    def step(uow):
        return top_up_services.cancel_top_up(uow, BUYER, top_up_id=top_up_id).state

    return step


def test_a_cancellation_that_runs_into_the_first_confirmation_is_refused(requested, confirm, units):
    steps = _confirming(requested.top_up_id), _cancelling(requested.top_up_id)
    with pytest.raises(TopUpArrived):
        second_runs_into_first(units, *steps)
    confirm(SECOND)
    assert balance(units) == AMOUNT


def test_a_confirmation_that_runs_into_a_cancellation_is_refused(requested, units):
    steps = _cancelling(requested.top_up_id), _confirming(requested.top_up_id)
    with pytest.raises(IllegalTransition):
        second_runs_into_first(units, *steps)
    assert balance(units) == 0


def test_a_credited_top_up_is_not_cancelled(run, requested, confirm):
    confirm(FIRST)
    confirm(SECOND)
    with pytest.raises(IllegalTransition):
        run(BUYER, top_up_services.cancel_top_up, top_up_id=requested.top_up_id)


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (replace(BUYER, organisation_id="org_other"), TopUpNotFound),
        (replace(BUYER, roles=frozenset({Role.OWNER})), MayNotCancelTopUp),
        (replace(FIRST, roles=frozenset({Role.REVIEWER})), MayNotCancelTopUp),
    ],
)
def test_nobody_else_cancels(run, requested, principal, refusal: type[CounterfoilError]):
    with pytest.raises(refusal):
        run(principal, top_up_services.cancel_top_up, top_up_id=requested.top_up_id)


def test_a_stranger_s_reach_holds_no_top_up_even_without_a_filter(requested, units):
    with units.begin(Reach.organisation("org_other")) as uow:
        assert uow.session.scalar(text("SELECT count(*) FROM top_ups")) == 0
        with pytest.raises(TopUpNotFound):
            top_up_queries.get_top_up_for_update(uow.session, requested.top_up_id)
