"""What is owed at a moment: what is billed and still open, and since when it is overdue."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.money import SCALE
from ledger.journal.billing.credit_bills import exposure_queries
from tests.factories.credit import BUYER, OnCredit

DECEMBER = datetime(2026, 12, 1, 3, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def owing(in_unit, clock):
    """A bill of 120.00 CNY of which 50.00 is paid, and one of 70.00 USD."""
    yuan, dollars = OnCredit(in_unit, clock), OnCredit(in_unit, clock, "USD")
    for each, amount in ((yuan, 120), (dollars, 70)):
        each.lend(500)
        each.buy(amount, f"ord_{amount}")
    yuan.bill(DECEMBER)
    yuan.pay(50, "tup_1")
    return yuan


@pytest.fixture
def exposures(in_unit):
    def run(at, **wanted):
        page = in_unit(
            lambda uow: exposure_queries.list_exposures(
                uow.session, BUYER, at=at, cursor=None, limit=5, **wanted
            )
        )
        return {each.currency: each for each in page.items}

    return run


def test_what_is_billed_is_what_is_left_of_the_currency_s_bills(owing, exposures):
    found = exposures(DECEMBER)
    assert {name: each.billed_amount for name, each in found.items()} == {
        "CNY": 70 * SCALE,
        "USD": 70 * SCALE,
    }
    assert found["CNY"].used_amount == 70 * SCALE


def test_a_bill_is_overdue_from_its_due_instant_on(owing, exposures):
    due_at = owing.bills[0].due_at
    assert exposures(due_at - MOMENT)["CNY"].overdue_amount == 0
    assert exposures(due_at)["CNY"].overdue_amount == 70 * SCALE
    assert exposures(due_at - MOMENT, is_overdue=True) == {}
    assert set(exposures(due_at, is_overdue=True)) == {"CNY", "USD"}


def test_a_bill_that_is_paid_is_not_overdue_and_money_of_one_s_own_is_no_use_of_credit(
    owing, exposures
):
    due_at = owing.bills[0].due_at
    owing.pay(100, "tup_2")
    assert set(exposures(due_at, is_overdue=True)) == {"USD"}
    assert set(exposures(due_at, is_overdue=False)) == {"CNY"}
    assert exposures(due_at)["CNY"].used_amount == 0
