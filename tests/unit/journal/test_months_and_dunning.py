"""Months of the exchange's place, dunning plans as data, and whom a payment goes to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import MINOR
from ledger.journal.billing.credit_bills.bills import due_amount, match_payment
from ledger.journal.billing.credit_lines.dunning import STANDARD, DunningStep, check_plan, due_steps
from ledger.journal.billing.credit_lines.errors import DunningUnfit
from ledger.journal.billing.months import month_after, month_before, month_bounds, month_of

DUE = datetime(2026, 12, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "from_at", "until_at"),
    [
        ("2026-11", datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC)),
        ("2028-02", datetime(2028, 1, 31, 16, tzinfo=UTC), datetime(2028, 2, 29, 16, tzinfo=UTC)),
        ("2026-12", datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_month_is_shanghai_s(month, from_at, until_at):
    assert month_bounds(month) == (from_at, until_at)
    assert month_of(from_at) == month == month_before(until_at)
    assert month_of(until_at) == month_after(month)


@pytest.mark.parametrize("month", ["", "2026-13", "2026-00", "26-11", "2026-11-01", "1999-01"])
def test_what_is_no_month_is_refused(month):
    with pytest.raises(ValueError, match=rf"^{month}$"):
        month_bounds(month)


def test_steps_come_in_order_each_once_and_all_after_a_standstill():
    at = DUE + timedelta(days=8)
    first = due_steps(STANDARD, due_at=DUE, at=at, taken=())
    assert first == [DunningStep.REMINDER, DunningStep.SECOND_REMINDER]
    assert due_steps(STANDARD, due_at=DUE, at=at, taken=[step.value for step in first]) == []
    late = due_steps(STANDARD, due_at=DUE, at=DUE + timedelta(days=400), taken=["reminder"])
    assert late == list(DunningStep)[1:]
    assert due_steps(STANDARD, due_at=DUE, at=DUE, taken=()) == []


@pytest.mark.parametrize(
    ("step", "days"),
    [("reminder", 1), ("second_reminder", 7), ("suspension", 14), ("collection", 45)],
)
def test_the_standard_s_steps_come_on_their_days_and_not_before(step, days):
    at = DUE + timedelta(days=days)
    assert due_steps(STANDARD, due_at=DUE, at=at, taken=())[-1] == step
    earlier = due_steps(STANDARD, due_at=DUE, at=at - timedelta(microseconds=1), taken=())
    assert step not in earlier


def test_a_plan_may_leave_steps_out():
    plan = [{"step": "reminder", "days": 0}, {"step": "collection", "days": 365}]
    assert check_plan(plan) == plan
    assert check_plan([]) == []


@pytest.mark.parametrize(
    "plan",
    [
        [{"step": "suspension", "days": 1}, {"step": "reminder", "days": 2}],
        [{"step": "reminder", "days": 2}, {"step": "suspension", "days": 2}],
        [{"step": "reminder", "days": 1}, {"step": "reminder", "days": 2}],
        [{"step": "letter", "days": 1}],
        [{"step": "reminder", "days": -1}],
        [{"step": "reminder", "days": 366}],
    ],
)
def test_a_plan_out_of_order_is_refused(plan):
    with pytest.raises(DunningUnfit):
        check_plan(plan)


@given(st.integers(0, 10**15), st.lists(st.integers(1, 10**14), max_size=12))
def test_a_payment_goes_to_the_oldest_first_and_is_never_exceeded(amount, bills):
    parts = match_payment(amount, bills)
    assert sum(parts) == min(amount, sum(bills))
    for place, (part, bill) in enumerate(zip(parts, bills, strict=True)):
        assert 0 <= part <= bill
        if part < bill:
            assert not any(parts[place + 1 :])


@given(st.integers(-(10**15), 10**15), st.integers(0, 10**15))
def test_a_bill_covers_the_debt_in_whole_minor_units(balance, open_bills):
    amount = due_amount(balance, open_bills)
    debt = max(-balance - open_bills, 0)
    assert amount % MINOR == 0
    assert debt <= amount < debt + MINOR
