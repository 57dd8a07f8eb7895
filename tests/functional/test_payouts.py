"""Payouts: two people, details that waited, and money that is never in two places."""

import json
import threading
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.core.cipher import Cipher
from app.core.clock import iso_instant
from app.core.errors import CounterfoilError
from app.core.money import SCALE, Money
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.states import IllegalTransition
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import build_reactions
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.bank_accounts import queries as bank_account_queries
from ledger.journal.bank_accounts import services as bank_account_services
from ledger.journal.bank_accounts.details import BankDetails
from ledger.journal.bank_accounts.errors import BankAccountInForce, NoReturnStated
from ledger.journal.books import provider_books
from ledger.journal.books.errors import AccountFrozen
from ledger.journal.deciders import DeciderNotIndependent, SecondPersonRequired
from ledger.journal.payouts import desk as payout_desk
from ledger.journal.payouts import services as payout_services
from ledger.journal.payouts.errors import (
    BankAccountChanged,
    BankAccountMissing,
    NothingToPayOut,
    PayoutExists,
    PayoutNotApproved,
    PayoutNotByHand,
)
from ledger.journal.payouts.events import PayoutApproved, PayoutFailed
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import run_services
from ledger.journal.settlement import services as settlement_services
from ledger.journal.settlement.run_services import RunPeriod
from ledger.journal.settlement.statements import RETURNED_AT_FIRST
from ledger.log.models import LogEntry
from tests.factories.crossing import second_runs_into_first
from tests.factories.traded_books import SUPPLIER, TradedLicence, balances

PAYABLE, SETTLED = f"{SUPPLIER}/payable/CNY", f"{SUPPLIER}/settled/CNY"
TRANSIT, BANK = "exchange/transit/CNY", "exchange/bank/CNY"
OWNER = Principal("psn_s", SUPPLIER, frozenset({Role.SUPPLIER}))
OPERATOR = Principal("psn_o", "org_x", frozenset({Role.OPERATOR}), has_second_factor=True)
COLLEAGUE = replace(OPERATOR, id="psn_o2")
OFFICER = Principal("psn_r", "org_x", frozenset({Role.RISK_OFFICER}), has_second_factor=True)
DETAILS = BankDetails("Skyways 开放数据", "Bank of Examples", "6222 0000 1111 2345")
CIPHER = Cipher(bytes(32))
WAIT = 3 * 86_400


@pytest.fixture
def do(units):
    """One step with the exchange's reach, committed."""

    def run(verb, *arguments, **named):
        with units.begin(Reach.EXCHANGE) as uow:
            made = verb(uow, *arguments, **named)
            uow.commit()
            return made

    return run


@pytest.fixture
def register(do):
    def run(details=DETAILS):
        return do(
            bank_account_services.register_bank_account,
            OWNER,
            CIPHER,
            currency="CNY",
            details=details,
        )

    return run


@pytest.fixture
def licence(units, clock):
    return TradedLicence(units, clock)


@pytest.fixture
def settle(do, units, clock):
    def run():
        clock.advance(seconds=1)
        do(run_services.plan_run, RunPeriod("CNY", None, clock.now()), planned_by="psn_o")
        while do(run_services.advance_run):
            pass
        with units.begin(Reach.EXCHANGE) as uow:
            return settlement_queries.find_last_settlement(uow.session, SUPPLIER, "CNY")

    return run


@pytest.fixture
def settled(licence, register, clock, settle):
    """50.00 settled for the supplier, and bank details in force."""
    register()
    clock.advance(seconds=WAIT)
    licence.lane.call(100 * SCALE)
    return settle()


@pytest.fixture
def proposed(do, settled):
    return do(payout_services.request_payout, OPERATOR, settlement_id=settled.settlement_id)


@pytest.fixture
def approved(do, proposed):
    return do(payout_services.approve_payout, OFFICER, payout_id=proposed.payout_id)


def sound(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return find_imbalances(uow.session) == []


def test_two_people_pay_a_settlement_out_through_the_bank(do, units, proposed):
    before = balances(units)
    assert before[SETTLED] == 50 * SCALE
    approved = do(payout_services.approve_payout, OFFICER, payout_id=proposed.payout_id)
    assert (approved.state, balances(units)[TRANSIT]) == ("approved", 50 * SCALE)
    sent = do(
        payout_desk.confirm_sent, OPERATOR, payout_id=proposed.payout_id, provider_reference="B1"
    )
    assert sent.state == "sent"
    with pytest.raises(IllegalTransition):
        do(
            payout_desk.confirm_sent,
            OPERATOR,
            payout_id=proposed.payout_id,
            provider_reference="B2",
        )
    assert do(payout_desk.confirm_paid, payout_id=proposed.payout_id).state == "paid"
    after = balances(units)
    assert {SETTLED, TRANSIT, PAYABLE}.isdisjoint(after)
    assert after[BANK] == before[BANK] + 50 * SCALE
    event = next(event for event in units.events if isinstance(event, PayoutApproved))
    assert (event.amount, event.gateway, event.supplier_id) == (
        50 * SCALE,
        "bank_transfer",
        SUPPLIER,
    )
    assert sound(units)


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_failed_payout_is_in_the_payable_again_and_in_the_next_settlement(
    do, units, approved, settle, is_sent
):
    named = {"payout_id": approved.payout_id}
    if is_sent:
        do(payout_desk.confirm_sent, OPERATOR, **named, provider_reference="B1")
    for _ in range(2):
        failed = do(payout_desk.confirm_failed, OPERATOR, **named, failure_code="account_closed")
        assert (failed.state, failed.failure_code) == ("failed", "account_closed")
    assert balances(units)[PAYABLE] == 50 * SCALE
    following = settle()
    assert following.statement["returned_amount"] == str(50 * SCALE)
    assert following.settled_amount == 50 * SCALE
    again = do(payout_services.request_payout, OPERATOR, settlement_id=following.settlement_id)
    assert again.amount == 50 * SCALE
    assert sound(units)


def test_a_part_of_a_payout_that_came_back_is_told_as_returned_and_as_no_licence_s(
    do, units, approved, settle
):
    do(payout_desk.confirm_paid, payout_id=approved.payout_id)
    do(
        provider_books.note_part_returned,
        reference="pop_1",
        supplier_id=SUPPLIER,
        money=Money(20 * SCALE, "CNY"),
        gateway="stripe",
    )
    following = settle()
    assert following.statement["returned_amount"] == str(20 * SCALE)
    assert following.statement["rows"] == []
    assert following.settled_amount == 20 * SCALE


def test_a_statement_from_before_parts_were_told_as_returned_is_made_again_as_it_was(
    do, units, approved, settle, monkeypatch
):
    do(payout_desk.confirm_paid, payout_id=approved.payout_id)
    do(
        provider_books.note_part_returned,
        reference="pop_1",
        supplier_id=SUPPLIER,
        money=Money(20 * SCALE, "CNY"),
        gateway="stripe",
    )
    with monkeypatch.context() as of_its_day:
        of_its_day.setattr(settlement_services, "RETURNED_TEMPLATES", RETURNED_AT_FIRST)
        earlier = settle()
    assert earlier.statement["returned_amount"] == "0"
    assert [row["other_amount"] for row in earlier.statement["rows"]] == [str(20 * SCALE)]
    with units.begin(Reach.EXCHANGE) as uow:
        assert settlement_services.rebuild_statement(uow.session, earlier) == earlier.statement
        earlier.period_amount += 1
        earlier.opening_amount += 1
        changed = settlement_services.rebuild_statement(uow.session, earlier)
    assert changed["opening_amount"] == "1"
    assert changed["returned_amount"] == str(20 * SCALE)


def test_money_that_came_back_after_it_was_paid_is_owed_again_when_two_say_so(do, units, approved):
    named = {"payout_id": approved.payout_id}
    before = balances(units)[BANK]
    for _ in range(2):
        assert do(payout_desk.confirm_paid, **named).state == "paid"
    gone = balances(units)
    first = do(payout_desk.confirm_failed, OPERATOR, **named, failure_code="returned")
    assert (first.state, first.return_stated_by) == ("paid", OPERATOR.id)
    with pytest.raises(SecondPersonRequired):
        do(payout_desk.confirm_failed, OPERATOR, **named, failure_code="returned")
    assert balances(units) == gone, "one person's word moves nothing"
    for _ in range(2):
        second = do(payout_desk.confirm_failed, COLLEAGUE, **named, failure_code="returned")
        assert (second.state, second.returned_by) == ("failed", COLLEAGUE.id)
    assert balances(units)[PAYABLE] == 50 * SCALE
    assert balances(units)[BANK] == before
    (failed,) = [event for event in units.events if isinstance(event, PayoutFailed)]
    assert (failed.return_stated_by, failed.returned_by) == (OPERATOR.id, COLLEAGUE.id)
    assert sound(units)


def test_two_second_words_at_once_bring_the_money_back_once(do, units, approved):
    named = {"payout_id": approved.payout_id, "failure_code": "returned"}
    do(payout_desk.confirm_paid, payout_id=approved.payout_id)
    do(payout_desk.confirm_failed, OPERATOR, **named)
    third = replace(OPERATOR, id="psn_o3")
    after = second_runs_into_first(
        units,
        lambda uow: payout_desk.confirm_failed(uow, COLLEAGUE, **named),
        lambda uow: payout_desk.confirm_failed(uow, third, **named).returned_by,
    )
    assert after == COLLEAGUE.id
    assert balances(units)[PAYABLE] == 50 * SCALE
    assert sound(units)


def test_a_first_word_that_runs_into_another_first_is_the_second(do, units, approved):
    named = {"payout_id": approved.payout_id, "failure_code": "returned"}
    do(payout_desk.confirm_paid, payout_id=approved.payout_id)
    state = second_runs_into_first(
        units,
        lambda uow: payout_desk.confirm_failed(uow, OPERATOR, **named),
        lambda uow: payout_desk.confirm_failed(uow, COLLEAGUE, **named).state,
    )
    assert state == "failed"
    assert balances(units)[PAYABLE] == 50 * SCALE


def test_a_first_word_is_taken_back_and_the_next_one_is_a_first_again(do, units, approved):
    named = {"payout_id": approved.payout_id}
    do(payout_desk.confirm_paid, **named)
    gone = balances(units)
    with pytest.raises(NoReturnStated):
        do(payout_desk.withdraw_return, COLLEAGUE, **named)
    do(payout_desk.confirm_failed, OPERATOR, **named, failure_code="returned")
    taken_back = do(payout_desk.withdraw_return, COLLEAGUE, **named)
    assert (taken_back.return_stated_by, taken_back.return_stated_at) == (None, None)
    assert do(payout_desk.confirm_failed, COLLEAGUE, **named, failure_code="x1").state == "paid"
    assert balances(units) == gone
    assert do(payout_desk.confirm_failed, OPERATOR, **named, failure_code="x1").state == "failed"
    with pytest.raises(NoReturnStated):
        do(payout_desk.withdraw_return, COLLEAGUE, **named)


def test_a_word_that_is_taken_back_stays_in_the_log(do, engine, clock, ids, approved):
    named = {"payout_id": approved.payout_id}
    do(payout_desk.confirm_paid, **named)
    said_at = clock.now()
    do(payout_desk.confirm_failed, OPERATOR, **named, failure_code="returned")
    clock.advance(seconds=60)
    recording = UnitOfWorkFactory(engine, clock, ids, build_reactions())
    with recording.begin(Reach.EXCHANGE) as uow:
        payout_desk.withdraw_return(uow, COLLEAGUE, **named)
        uow.commit()
    with recording.begin(Reach.EXCHANGE) as uow:
        of_type = LogEntry.entry_type == "payout_return_withdrawn"
        (body,) = uow.session.scalars(select(LogEntry.body).where(of_type))
    kept = json.loads(body)
    assert (kept["payout"], kept["return_stated_at"]) == (approved.payout_id, iso_instant(said_at))
    assert (kept["return_stated_by"], kept["withdrawn_by"]) == (OPERATOR.id, COLLEAGUE.id)


def test_a_word_that_is_taken_back_while_another_says_it_too_is_done(do, units, approved):
    """Whichever has the row first decides; the second word found the first one."""
    named = {"payout_id": approved.payout_id}
    do(payout_desk.confirm_paid, **named)
    do(payout_desk.confirm_failed, OPERATOR, **named, failure_code="returned")

    def take_back(uow):
        with pytest.raises(NoReturnStated):
            payout_desk.withdraw_return(uow, COLLEAGUE, **named)

    second_runs_into_first(
        units,
        lambda uow: payout_desk.confirm_failed(uow, COLLEAGUE, **named, failure_code="returned"),
        take_back,
    )
    assert balances(units)[PAYABLE] == 50 * SCALE
    assert sound(units)


def test_the_database_asks_for_two_who_say_that_a_payout_came_back(do, units, approved):
    do(payout_desk.confirm_paid, payout_id=approved.payout_id)
    do(payout_desk.confirm_failed, OPERATOR, payout_id=approved.payout_id, failure_code="returned")
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError, match="two_say_returned"):
        uow.session.execute(text("UPDATE payouts SET returned_by = return_stated_by"))


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (replace(OFFICER, id="psn_o"), SecondPersonRequired),
        (replace(OFFICER, organisation_id=SUPPLIER), DeciderNotIndependent),
    ],
)
def test_nobody_approves_its_own_proposal_or_its_own_money(
    do, units, proposed, principal, refusal: type[CounterfoilError]
):
    with pytest.raises(refusal):
        do(payout_services.approve_payout, principal, payout_id=proposed.payout_id)
    assert balances(units)[SETTLED] == 50 * SCALE


def test_the_payee_does_not_propose_and_a_settlement_has_one_payout(do, settled, proposed):
    payee = replace(OPERATOR, organisation_id=SUPPLIER)
    with pytest.raises(DeciderNotIndependent):
        do(payout_services.request_payout, payee, settlement_id=settled.settlement_id)
    with pytest.raises(PayoutExists):
        do(payout_services.request_payout, OPERATOR, settlement_id=settled.settlement_id)
    do(payout_services.cancel_payout, OPERATOR, payout_id=proposed.payout_id)
    again = do(payout_services.request_payout, OPERATOR, settlement_id=settled.settlement_id)
    assert again.payout_id != proposed.payout_id
    with pytest.raises(IllegalTransition):
        do(payout_services.approve_payout, OFFICER, payout_id=proposed.payout_id)


def test_the_database_refuses_one_person_twice(units, proposed):
    change = (
        "UPDATE payouts SET state = 'approved', approved_by = requested_by, approved_at = now()"
    )
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError, match="two_people"):
        uow.session.execute(text(change))


def test_two_approvals_at_once_move_the_money_once(do, units, proposed):
    start = threading.Barrier(3)
    outcomes = []

    def work(number):
        start.wait()
        try:
            principal = replace(OFFICER, id=f"psn_{number}")
            do(payout_services.approve_payout, principal, payout_id=proposed.payout_id)
            outcomes.append("approved")
        except IllegalTransition:
            outcomes.append("refused")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approved", "refused", "refused"]
    assert balances(units)[TRANSIT] == 50 * SCALE
    assert SETTLED not in balances(units)


def test_two_proposals_at_once_are_one(do, settled):
    start = threading.Barrier(3)
    outcomes = []

    def work(number):
        start.wait()
        try:
            principal = replace(OPERATOR, id=f"psn_{number}")
            do(payout_services.request_payout, principal, settlement_id=settled.settlement_id)
            outcomes.append("proposed")
        except PayoutExists:
            outcomes.append("refused")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["proposed", "refused", "refused"]


def test_bank_details_count_after_three_days_and_the_old_until_then(
    do, licence, register, settle, clock
):
    licence.lane.call(100 * SCALE)
    settlement = settle()
    named = {"settlement_id": settlement.settlement_id}
    first = register()
    clock.advance(seconds=WAIT - 1)
    with pytest.raises(BankAccountMissing):
        do(payout_services.request_payout, OPERATOR, **named)
    clock.advance(seconds=1)
    second = register(replace(DETAILS, account_number="9999 9999 9999"))
    payout = do(payout_services.request_payout, OPERATOR, **named)
    assert payout.bank_account_id == first.bank_account_id
    clock.advance(seconds=WAIT)
    with pytest.raises(BankAccountChanged):
        do(payout_services.approve_payout, OFFICER, payout_id=payout.payout_id)
    do(payout_services.cancel_payout, OPERATOR, payout_id=payout.payout_id)
    payout = do(payout_services.request_payout, OPERATOR, **named)
    assert payout.bank_account_id == second.bank_account_id


def in_force(units, currency):
    with units.begin(Reach.EXCHANGE) as uow:
        return bank_account_queries.find_bank_account(uow.session, SUPPLIER, currency, at=uow.now)


def test_details_that_wait_can_be_stopped_and_those_that_count_cannot(do, register, clock, units):
    account = register()
    assert account.masked == "Bank of Examples …2345"
    assert b"6222" not in account.details_sealed
    named = {"bank_account_id": account.bank_account_id}
    for _ in range(2):
        cancelled = do(bank_account_services.cancel_bank_account, OWNER, **named)
        assert cancelled.cancelled_by == "psn_s"
    clock.advance(seconds=WAIT)
    assert in_force(units, "CNY") is None, "it was stopped"
    other = register()
    clock.advance(seconds=WAIT)
    assert in_force(units, "CNY").bank_account_id == other.bank_account_id
    assert in_force(units, "USD") is None, "it is of another currency"
    with pytest.raises(BankAccountInForce):
        do(
            bank_account_services.cancel_bank_account,
            OWNER,
            bank_account_id=other.bank_account_id,
        )


def test_details_are_shown_in_clear_only_of_what_is_due_by_hand(do, units, proposed):
    with pytest.raises(PayoutNotApproved):
        do(payout_desk.read_instructions, OPERATOR, CIPHER, proposed)
    approved = do(payout_services.approve_payout, OFFICER, payout_id=proposed.payout_id)
    assert do(payout_desk.read_instructions, OPERATOR, CIPHER, approved) == DETAILS


def test_another_gateway_is_not_confirmed_by_hand_but_tells_itself(do, units, settled):
    payout = do(
        payout_services.request_payout,
        OPERATOR,
        settlement_id=settled.settlement_id,
        gateway="stripe",
    )
    do(payout_services.approve_payout, OFFICER, payout_id=payout.payout_id)
    with pytest.raises(PayoutNotByHand):
        do(payout_desk.confirm_paid, payout_id=payout.payout_id)
    for _ in range(2):
        do(payout_services.note_sent, payout.payout_id, provider_reference="tr_1", sent_by="stripe")
        do(payout_services.note_paid, payout.payout_id)
    assert balances(units)["exchange/stripe/CNY"] == 50 * SCALE
    for _ in range(2):
        do(payout_services.note_returned, payout.payout_id, failure_code="reversed")
    assert balances(units)[PAYABLE] == 50 * SCALE
    assert "exchange/stripe/CNY" not in balances(units)


def test_nothing_settled_is_nothing_to_pay_out(do, units, licence, settle):
    licence.lane.call(1)
    settlement = settle()
    with pytest.raises(NothingToPayOut):
        do(payout_services.request_payout, OPERATOR, settlement_id=settlement.settlement_id)


@pytest.mark.parametrize("account_id", [PAYABLE, SETTLED])
def test_a_frozen_account_is_not_paid_out(do, units, proposed, account_id):
    freeze = (
        "INSERT INTO account_freezes (freeze_id, account_id, organisation_id, rule, finding,"
        " frozen_at) VALUES ('frz_1', :account_id, :organisation_id, 'r', '{}', now())"
    )
    with units.begin(Reach.EXCHANGE) as uow:
        named = {"account_id": account_id, "organisation_id": SUPPLIER}
        uow.session.execute(text(freeze), named)
        uow.commit()
    with pytest.raises(AccountFrozen):
        do(payout_services.approve_payout, OFFICER, payout_id=proposed.payout_id)


def test_a_supplier_reads_its_own_payouts_and_details_only(units, approved):
    for organisation_id, count in ((SUPPLIER, 1), ("org_stranger", 0)):
        with units.begin(Reach.organisation(organisation_id)) as uow:
            for table in ("payouts", "bank_accounts"):
                seen = uow.session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 -- a constant
                assert seen == count
