"""Buying on credit: lent within the limit, billed monthly, chased, paid oldest first."""

import hashlib
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.canonical import digest_hex
from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.credit_bills import dunning_services, exposure_queries
from ledger.journal.billing.credit_bills import payment_services as bill_payment_services
from ledger.journal.billing.credit_bills import queries as credit_bill_queries
from ledger.journal.billing.credit_bills.events import (
    BillSentToCollection,
    CreditBillIssued,
    CreditBillPaid,
    PaymentReminded,
)
from ledger.journal.billing.credit_bills.models import CreditBill
from ledger.journal.billing.credit_lines import services as credit_line_services
from ledger.journal.billing.credit_lines.errors import CreditInUse
from ledger.journal.billing.credit_lines.events import CreditLineResumed, CreditLineSuspended
from ledger.journal.billing.credit_lines.models import CreditLine
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.billing.runs import services as billing_run_services
from ledger.journal.books import cursors, postings
from ledger.journal.books.booking import book
from ledger.journal.deciders import SecondPersonRequired
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import queries
from ledger.journal.wallets import services as wallet_services
from ledger.journal.wallets.errors import InsufficientFunds, WalletNotOpen
from ledger.journal.wallets.leases import WalletLeases
from ledger.log.services import driver_cursor
from tests.factories.crossing import second_runs_into_first

BUYER, SUPPLIER = "org_buyer", "org_supplier"
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
LIMIT = 500 * SCALE
DECEMBER = datetime(2026, 12, 1, 3, tzinfo=UTC)


def operator(number):
    return Principal(f"psn_{number}", "org_x", frozenset({Role.OPERATOR}), has_second_factor=True)


@pytest.fixture
def ports():
    signer = Ed25519Signer.from_seed("x/statements", hashlib.sha256(b"x").digest())
    return BillingPorts(LogLaneLedger(), signer)


@pytest.fixture
def settle_cursor(in_unit):
    """Two looks: the first sees how far the books go, the second that all of it has ended."""

    def run():
        for _ in range(3):
            in_unit(cursors.tally)

    return run


@pytest.fixture
def line(in_unit):
    """A credit line of 500.00 CNY, due after 14 days, with the standard dunning."""

    def make(uow):
        for organisation_id in (BUYER, SUPPLIER):
            wallet_services.open_accounts(uow, organisation_id=organisation_id)
        return propose(uow)

    made = in_unit(make)
    return in_unit(lambda uow: approve(uow, made.credit_line_id))


def propose(uow, limit=LIMIT, **more):
    return credit_line_services.propose_credit_line(
        uow,
        operator(1),
        organisation_id=BUYER,
        currency="CNY",
        limit_amount=limit,
        due_days=14,
        reason="Audited accounts of 2025",
        **more,
    )


def approve(uow, credit_line_id, who=2):
    return credit_line_services.approve_credit_line(
        uow, operator(who), credit_line_id=credit_line_id
    )


def buy(in_unit, amount, order_id):
    in_unit(
        lambda uow: trading_services.charge_order(
            uow,
            order_id=order_id,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            amount=amount,
            currency="CNY",
            split=SPLIT,
        )
    )


def pay(in_unit, amount, reference):
    def step(uow):
        draft = postings.top_up(
            reference=reference, organisation_id=BUYER, amount=amount, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

    in_unit(step)


def wallet(in_unit):
    return in_unit(lambda uow: queries.find_wallet_for_update(uow.session, BUYER, "CNY"))


def bills(in_unit):
    page = in_unit(
        lambda uow: credit_bill_queries.list_bills(
            uow.session, BUYER, at=uow.now, cursor=None, limit=9
        )
    )
    return sorted(page.items, key=lambda bill: bill.month)


def run_month(in_unit, ports):
    in_unit(billing_run_services.start_due_runs)
    while in_unit(lambda uow: billing_run_services.work_on_run(uow, ports)):
        pass


def kinds(units):
    return [type(event) for event in units.events]


def test_a_proposal_lends_nothing_and_a_second_person_decides(in_unit, line):
    proposal = in_unit(lambda uow: propose(uow, 600 * SCALE))
    assert wallet(in_unit).credit_limit_amount == LIMIT
    with pytest.raises(SecondPersonRequired):
        in_unit(lambda uow: approve(uow, proposal.credit_line_id, who=1))
    in_unit(lambda uow: approve(uow, proposal.credit_line_id))
    assert wallet(in_unit).credit_limit_amount == 600 * SCALE
    assert in_unit(lambda uow: uow.session.get(CreditLine, line.credit_line_id)).state == "replaced"


def test_two_first_lines_approved_at_once_leave_one_in_force(units, in_unit):
    in_unit(lambda uow: wallet_services.open_accounts(uow, organisation_id=BUYER))
    first, second = (in_unit(lambda uow, n=n: propose(uow, n * SCALE)) for n in (600, 700))
    second_runs_into_first(
        units,
        lambda uow: approve(uow, first.credit_line_id),
        lambda uow: approve(uow, second.credit_line_id),
    )
    assert in_unit(
        lambda uow: [
            uow.session.get(CreditLine, each.credit_line_id).state for each in (first, second)
        ]
    ) == ["replaced", "active"]
    assert wallet(in_unit).credit_limit_amount == 700 * SCALE


def test_of_two_proposals_approved_at_once_the_second_replaces_the_first(units, in_unit, line):
    first, second = (in_unit(lambda uow, n=n: propose(uow, n * SCALE)) for n in (600, 700))
    late = second_runs_into_first(
        units,
        lambda uow: approve(uow, first.credit_line_id),
        lambda uow: approve(uow, second.credit_line_id),
    )
    assert late.state == "active"
    states = in_unit(
        lambda uow: [
            uow.session.get(CreditLine, each.credit_line_id).state for each in (first, second)
        ]
    )
    assert states == ["replaced", "active"]
    assert wallet(in_unit).credit_limit_amount == 700 * SCALE


def test_a_proposal_may_be_declined(in_unit, line):
    proposal = in_unit(propose)
    declined = in_unit(
        lambda uow: credit_line_services.decline_credit_line(
            uow, operator(1), credit_line_id=proposal.credit_line_id
        )
    )
    assert declined.state == "declined"


def test_nobody_lends_to_a_wallet_that_is_not_there(in_unit):
    with pytest.raises(WalletNotOpen):
        in_unit(propose)


def test_orders_and_leases_go_below_zero_down_to_the_limit_and_no_further(in_unit, line, clock):
    buy(in_unit, 450 * SCALE, "ord_1")
    leases = WalletLeases(clock)

    def reserve(uow):
        return leases.reserve(
            driver_cursor(uow),
            organisation_id=BUYER,
            currency="CNY",
            wanted_amount=80 * SCALE,
            least_amount=1,
            lease_id="lea_1",
        )

    assert in_unit(reserve) == 50 * SCALE
    assert (wallet(in_unit).balance_amount, wallet(in_unit).available_amount) == (-450 * SCALE, 0)
    with pytest.raises(InsufficientFunds):
        buy(in_unit, 1, "ord_2")
    with pytest.raises(DBAPIError) as refusal:
        in_unit(
            lambda uow: uow.session.execute(
                text("UPDATE wallets SET balance_amount = balance_amount - 1")
            )
        )
    assert isinstance(refusal.value.orig, psycopg.errors.CheckViolation)
    in_unit(lambda uow: leases.settle(driver_cursor(uow), lease_id="lea_1", spent_amount=0))
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_a_limit_cannot_fall_below_what_is_used(in_unit, line):
    buy(in_unit, 400 * SCALE, "ord_1")
    lower = in_unit(lambda uow: propose(uow, 399 * SCALE))
    with pytest.raises(CreditInUse):
        in_unit(lambda uow: approve(uow, lower.credit_line_id))


@pytest.fixture
def owing(in_unit, line, settle_cursor, clock, ports):
    """A first bill of 120.00 for November, a second of 80.01 for December."""
    buy(in_unit, 120 * SCALE, "ord_1")
    settle_cursor()
    clock.set(DECEMBER)
    run_month(in_unit, ports)
    buy(in_unit, 80 * SCALE + 4_000, "ord_2")
    clock.set(DECEMBER + timedelta(days=31))
    settle_cursor()
    run_month(in_unit, ports)
    run_month(in_unit, ports)


def test_a_month_on_credit_is_billed_once_with_a_due_day_and_a_signature(in_unit, owing, units):
    first, second = bills(in_unit)
    assert (first.month, first.amount) == ("2026-11", 120 * SCALE)
    assert (second.month, second.amount) == ("2026-12", 80 * SCALE + 10**6)
    assert first.due_at == DECEMBER + timedelta(days=14)
    assert first.bill_hash == digest_hex(first.document)
    assert kinds(units).count(CreditBillIssued) == 2


def test_payments_are_matched_oldest_first_and_what_is_left_stays_in_the_wallet(
    in_unit, owing, settle_cursor, units
):
    pay(in_unit, 130 * SCALE, "tup_1")
    settle_cursor()
    assert in_unit(bill_payment_services.match_payments) == 1
    first, second = bills(in_unit)
    assert (first.open_amount, second.paid_amount) == (0, 10 * SCALE)
    pay(in_unit, 100 * SCALE, "tup_2")
    settle_cursor()
    in_unit(bill_payment_services.match_payments)
    assert [bill.open_amount for bill in bills(in_unit)] == [0, 0]
    assert in_unit(bill_payment_services.match_payments) == 0
    assert wallet(in_unit).balance_amount == 30 * SCALE - 4_000
    assert kinds(units).count(CreditBillPaid) == 2


def test_what_was_paid_before_the_bill_is_not_asked_for_again(
    in_unit, line, settle_cursor, clock, ports
):
    buy(in_unit, 120 * SCALE, "ord_1")
    pay(in_unit, 50 * SCALE, "tup_1")
    settle_cursor()
    clock.set(DECEMBER)
    pay(in_unit, 20 * SCALE, "tup_2")
    settle_cursor()
    buy(in_unit, 300 * SCALE, "ord_after_the_month")
    run_month(in_unit, ports)
    (bill,) = bills(in_unit)
    assert bill.amount == 50 * SCALE


def test_dunning_comes_step_by_step_suspends_the_line_and_ends_with_the_payment(
    in_unit, owing, settle_cursor, clock, units
):
    first, _ = bills(in_unit)
    clock.set(first.due_at + timedelta(days=1))
    assert in_unit(dunning_services.chase) == 1
    assert in_unit(dunning_services.chase) == 0
    clock.set(first.due_at + timedelta(days=15))
    assert in_unit(dunning_services.chase) == 2
    assert wallet(in_unit).available_amount == 0
    with pytest.raises(InsufficientFunds):
        buy(in_unit, 1, "ord_3")
    assert kinds(units)[-3:] == [PaymentReminded, PaymentReminded, CreditLineSuspended]

    def exposures(own=BUYER, **wanted):
        return in_unit(
            lambda uow: exposure_queries.list_exposures(
                uow.session, own, at=uow.now, cursor=None, limit=5, **wanted
            )
        ).items

    (exposure,) = exposures()
    assert exposures(None, is_overdue=True, is_suspended=True, currency="CNY") == [exposure]
    assert exposures(is_overdue=False) == exposures(is_suspended=False) == []
    assert exposures(None, organisation_id="org_other") == []
    assert (exposure.overdue_amount, exposure.is_suspended) == (120 * SCALE, True)
    assert exposure.used_amount == 200 * SCALE + 4_000
    pay(in_unit, 120 * SCALE, "tup_1")
    settle_cursor()
    in_unit(bill_payment_services.match_payments)
    assert kinds(units)[-2:] == [CreditBillPaid, CreditLineResumed]
    assert wallet(in_unit).available_amount == LIMIT - 80 * SCALE - 4_000
    taken = in_unit(lambda uow: credit_bill_queries.steps_of(uow.session, first.bill_id))
    assert {step.step for step in taken} == {"reminder", "second_reminder", "suspension"}
    assert all(step.withdrawn_at for step in taken)
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_prepaid_money_still_works_while_the_line_is_suspended(
    in_unit, owing, settle_cursor, clock
):
    clock.set(bills(in_unit)[0].due_at + timedelta(days=20))
    in_unit(dunning_services.chase)
    pay(in_unit, 201 * SCALE, "tup_1")
    assert wallet(in_unit).available_amount == SCALE - 4_000


def test_after_a_standstill_every_step_is_taken_up_to_collection(in_unit, owing, clock, units):
    clock.set(bills(in_unit)[1].due_at + timedelta(days=100))
    assert in_unit(dunning_services.chase) == 8
    assert kinds(units).count(BillSentToCollection) == 2
    assert kinds(units).count(CreditLineSuspended) == 1


def test_a_buyer_sees_its_own_credit_and_nobody_else_s(units, owing):
    for reader, count in ((BUYER, 2), (SUPPLIER, 0)):
        with units.begin(Reach.organisation(reader)) as uow:
            page = credit_bill_queries.list_bills(
                uow.session, None, at=uow.now, cursor=None, limit=9
            )
            assert len(page.items) == count
            assert uow.session.query(CreditBill).count() == count
            assert uow.session.query(CreditLine).count() == count // 2
