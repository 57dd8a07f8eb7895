"""Credit month by month: what a bill lists, whose money pays it, and when lending goes on."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.money import SCALE
from ledger.journal.billing.credit_bills import dunning_services
from ledger.journal.billing.credit_bills import payment_services as bill_payment_services
from ledger.journal.billing.credit_bills.events import BillSentToCollection, PaymentReminded
from ledger.journal.billing.credit_lines.errors import CreditInUse
from ledger.journal.billing.credit_lines.events import CreditLineResumed
from ledger.journal.billing.invoices.models import Invoice
from ledger.journal.trading import services
from ledger.journal.wallets.leases import WalletLeases
from ledger.log.services import driver_cursor
from tests.factories.billing import PLAN
from tests.factories.credit import BUYER, SUPPLIER, OnCredit
from tests.factories.crossing import second_runs_into_first

NOVEMBER_BEGINS = datetime(2026, 10, 31, 16, tzinfo=UTC)
NOVEMBER_ENDS = datetime(2026, 11, 30, 16, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 3, tzinfo=UTC)
JANUARY = DECEMBER + timedelta(days=31)


@pytest.fixture
def buyer(in_unit, clock):
    return OnCredit(in_unit, clock)


@pytest.fixture
def owing(buyer):
    """A bill of 120.00 that is due on 15 December and one of 80.00 that is due on 15 January."""
    buyer.lend(500)
    buyer.buy(120, "ord_1")
    buyer.bill(DECEMBER)
    buyer.buy(80, "ord_2")
    buyer.bill(JANUARY)
    return buyer


def add_invoice(uow, invoice_id, until_at, *, buyer_id=BUYER, currency="CNY"):
    services.note_licence(
        uow,
        licence_id=f"lic of {invoice_id}",
        order_id=f"ord of {invoice_id}",
        buyer_id=buyer_id,
        supplier_id=SUPPLIER,
        currency=currency,
        plan_hash=PLAN,
        listing_code="AIR-1",
        starts_at=until_at - timedelta(days=1),
        ends_at=until_at + timedelta(days=1),
    )
    uow.session.flush()
    uow.session.add(
        Invoice(
            invoice_id=invoice_id,
            licence_id=f"lic of {invoice_id}",
            buyer_id=buyer_id,
            supplier_id=SUPPLIER,
            from_at=until_at - timedelta(days=1),
            until_at=until_at,
            total_amount=1,
            currency=currency,
            document={},
            invoice_hash="a" * 64,
            lane_leaves=[],
            key_name="x",
            signature=b"",
            issued_at=until_at,
        )
    )


def test_a_bill_lists_the_month_s_own_invoices_up_to_its_last_instant(buyer, in_unit):
    moment = timedelta(microseconds=1)

    def issued(uow):
        add_invoice(uow, "inv_of_october", NOVEMBER_BEGINS)
        add_invoice(uow, "inv_first", NOVEMBER_BEGINS + moment)
        add_invoice(uow, "inv_last", NOVEMBER_ENDS)
        add_invoice(uow, "inv_of_december", NOVEMBER_ENDS + moment)
        add_invoice(uow, "inv_in_dollars", NOVEMBER_ENDS, currency="USD")
        add_invoice(uow, "inv_of_another", NOVEMBER_ENDS, buyer_id="org_other")

    in_unit(issued)
    buyer.lend(500)
    buyer.buy(120, "ord_1")
    buyer.bill(DECEMBER)
    (bill,) = buyer.bills
    listed = [each["invoice_id"] for each in bill.document["invoices"]]
    assert listed == ["inv_first", "inv_last"]


def test_what_was_booked_as_the_month_ended_is_the_next_month_s(buyer, clock):
    buyer.lend(500)
    clock.set(NOVEMBER_ENDS - timedelta(microseconds=1))
    buyer.buy(120, "ord_1")
    clock.set(NOVEMBER_ENDS)
    buyer.buy(80, "ord_2")
    buyer.bill(DECEMBER)
    buyer.bill(JANUARY)
    assert [bill.amount for bill in buyer.bills] == [120 * SCALE, 80 * SCALE]


def test_each_currency_has_its_bills_and_its_own_money_pays_them(buyer, in_unit, clock):
    dollars = OnCredit(in_unit, clock, "USD")
    for number, each in enumerate((buyer, dollars), start=1):
        each.lend(500)
        each.buy(100 * number, f"ord_{number}")
    buyer.bill(DECEMBER)
    buyer.pay(100, "tup_1")
    assert [(bill.amount, bill.open_amount) for bill in buyer.bills] == [(100 * SCALE, 0)]
    assert [bill.open_amount for bill in dollars.bills] == [200 * SCALE]


@pytest.fixture
def two_lines(buyer, in_unit, clock):
    """Two lines with an open bill each; money came in for the second alone."""
    dollars = OnCredit(in_unit, clock, "USD")
    for number, each in enumerate((buyer, dollars), start=1):
        each.lend(500)
        each.buy(100 * number, f"ord_{number}")
    buyer.bill(DECEMBER)
    dollars.receive(200, "tup_1")
    return buyer, dollars


def test_lines_that_are_not_paid_stand_before_no_other(two_lines, monkeypatch):
    monkeypatch.setattr(bill_payment_services, "PORTION", 1)
    unpaid, paid = two_lines
    for _ in range(2):
        paid.match()
    assert [bill.open_amount for bill in paid.bills] == [0]
    unpaid.receive(100, "tup_2")
    for _ in range(2):
        unpaid.match()
    assert [bill.open_amount for bill in unpaid.bills] == [0]


def test_money_that_came_in_and_was_not_matched_yet_is_not_chased(two_lines, units):
    unpaid, paid = two_lines
    assert paid.chase(paid.bills[0].due_at + timedelta(days=14)) > 0
    reminded = {event.currency for event in units.events if isinstance(event, PaymentReminded)}
    assert reminded == {"CNY"}
    assert (paid.wallet.is_credit_suspended, unpaid.wallet.is_credit_suspended) == (False, True)
    assert [bill.open_amount for bill in paid.bills] == [0]


def test_a_line_is_chased_by_its_own_plan_from_its_very_instants(buyer):
    plan = [{"step": "reminder", "days": 0}, {"step": "suspension", "days": 3}]
    buyer.lend(500, dunning=plan)
    buyer.buy(120, "ord_1")
    buyer.bill(DECEMBER)
    for each in plan:
        step_at = buyer.bills[0].due_at + timedelta(days=each["days"])
        assert buyer.chase(step_at - timedelta(microseconds=1)) == 0
        assert buyer.chase(step_at) == 1
    assert buyer.wallet.is_credit_suspended


def test_a_bill_that_waits_for_its_next_step_stands_before_no_other(owing, monkeypatch):
    monkeypatch.setattr(dunning_services, "PORTION", 1)
    now = owing.bills[1].due_at + timedelta(days=1)
    assert [owing.chase(now) for _ in range(3)] == [3, 1, 0]


def test_who_paid_a_part_is_asked_for_the_rest(owing, units):
    owing.pay(50, "tup_1")
    owing.chase(owing.bills[1].due_at + timedelta(days=45))
    asked = {
        (event.bill_id, event.open_amount)
        for event in units.events
        if isinstance(event, (PaymentReminded, BillSentToCollection))
    }
    first, second = owing.bills
    assert asked == {(first.bill_id, 70 * SCALE), (second.bill_id, 80 * SCALE)}


def test_a_bill_that_is_paid_meanwhile_is_not_chased(owing, units, clock):
    clock.set(owing.bills[0].due_at + timedelta(days=1))
    owing.receive(120, "tup_1")
    late = second_runs_into_first(
        units, bill_payment_services.match_payments, dunning_services.chase
    )
    assert late == 0
    assert PaymentReminded not in [type(event) for event in units.events]


def test_a_bill_that_cannot_be_chased_stands_before_no_other(owing, units, plant, monkeypatch):
    first, second = owing.bills
    unknown = """[{"step": "letter", "days": 1}]"""
    plant(f"UPDATE credit_bills SET dunning = '{unknown}' WHERE month = '2026-11'")  # noqa: S608 -- above
    monkeypatch.setattr(dunning_services, "PORTION", 1)
    taken = [owing.chase(second.due_at + timedelta(days=1)) for _ in range(2)]
    assert (first.bill_id < second.bill_id, taken) == (True, [0, 1])
    (told,) = (event for event in units.events if isinstance(event, PaymentReminded))
    assert told.bill_id == second.bill_id


def test_a_suspension_ends_with_the_last_bill_that_came_to_it(owing, units):
    owing.chase(owing.bills[1].due_at + timedelta(days=14))
    owing.pay(120, "tup_1")
    assert owing.wallet.is_credit_suspended
    owing.pay(80, "tup_2")
    assert owing.wallet.available_amount == 500 * SCALE
    assert [type(event) for event in units.events].count(CreditLineResumed) == 1


def test_a_bill_that_was_only_reminded_of_does_not_hold_the_suspension(owing):
    owing.chase(owing.bills[1].due_at + timedelta(days=1))
    assert owing.wallet.is_credit_suspended
    owing.pay(120, "tup_1")
    assert owing.wallet.available_amount == (500 - 80) * SCALE


def test_a_new_line_does_not_end_a_suspension_and_its_payment_does(owing):
    owing.chase(owing.bills[0].due_at + timedelta(days=14))
    owing.lend(600)
    assert owing.wallet.available_amount == 0
    owing.pay(120, "tup_1")
    assert owing.wallet.available_amount == (600 - 80) * SCALE


def test_money_from_before_the_line_pays_no_bill(buyer):
    buyer.pay(100, "tup_1")
    buyer.lend(500)
    buyer.buy(150, "ord_1")
    buyer.bill(DECEMBER)
    buyer.pay(10, "tup_2")
    (bill,) = buyer.bills
    assert (bill.amount, bill.paid_amount) == (50 * SCALE, 10 * SCALE)


def test_money_that_came_as_a_line_was_replaced_pays_the_bill(owing):
    owing.receive(120, "tup_1")
    owing.lend(600)
    owing.match()
    assert [bill.open_amount for bill in owing.bills] == [0, 80 * SCALE]


def test_a_limit_may_fall_to_what_is_used_and_held_by_calls_and_no_further(buyer, in_unit, clock):
    buyer.lend(500)
    buyer.buy(400, "ord_1")
    leases = WalletLeases(clock)
    in_unit(
        lambda uow: leases.reserve(
            driver_cursor(uow),
            organisation_id=BUYER,
            currency="CNY",
            wanted_amount=50 * SCALE,
            least_amount=1,
            lease_id="lea_1",
        )
    )
    with pytest.raises(CreditInUse) as refusal:
        buyer.lend(449)
    assert refusal.value.facts["used_amount"] == "450.00000000"
    assert buyer.lend(450).state == "active"
