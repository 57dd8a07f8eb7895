"""Whatever the code does, the database refuses a bill, a line or a package that cannot be true."""

import pytest

from tests.factories.bare_rows import EARLIER, LATER, faults

DECIDED = {"state": "written_off", "decided_by": "q", "decided_at": LATER}
RECOVERED = {**DECIDED, "state": "recovered", "recovered_amount": 5, "recovered_at": LATER}
GIVEN_UP = {"written_off_at": LATER, "written_off_amount": 2}

RULES = {
    "deferrals": (
        {
            "licence_id": "x",
            "price_amount": 5,
            "recognised_amount": 3,
            "refunded_amount": 2,
            "days": 2,
            "recognised_days": 2,
            "ends_at": LATER,
            "closed_at": LATER,
        },
        {
            "closed_is_whole": [{"recognised_amount": 2}, {"refunded_amount": 1}],
            "days": [
                {"days": 0, "recognised_days": 0},
                {"recognised_days": 3},
                {"recognised_days": -1},
            ],
            "next_at": [{"next_at": LATER}, {"closed_at": None}],
            "parts": [
                {"closed_at": None, "next_at": LATER, "recognised_amount": 4},
                {"closed_at": None, "next_at": LATER, "recognised_amount": -1},
                {"closed_at": None, "next_at": LATER, "refunded_amount": -1},
            ],
            "price": [{"price_amount": 0, "recognised_amount": 0, "refunded_amount": 0}],
            "term": [{"ends_at": EARLIER}, {"starts_at": LATER}],
        },
        {"order_id", "licence_id"},
    ),
    "billing_runs": (
        {"month": "2026-11", "until_at": LATER},
        {
            "ck_billing_runs_failures": [{"failed_count": 1}, {"failures": [{}]}],
            "ck_billing_runs_finished": [
                {"finished_at": LATER, "retry_at": LATER},
                {"finished_at": LATER, "failed_count": 1, "failures": [{}]},
            ],
            "month": [{"month": "2026-1"}, {"month": "November"}, {"month": "2026-11-01"}],
            "period": [{"from_at": LATER}, {"until_at": EARLIER}],
        },
        {"month"},
    ),
    "credit_lines": (
        {"state": "active", "proposed_by": "p", "decided_by": "q", "limit_amount": 0},
        {
            "decided": [{"decided_by": None}, {"state": "proposed"}],
            "due_days": [{"due_days": 0}, {"due_days": 181}],
            "limit": [{"limit_amount": -1}],
            "state": [{"state": "suspended"}],
            "two_people": [
                {"decided_by": "p"},
                {"state": "replaced", "decided_by": "p"},
                {"state": "written_off", "decided_by": "p"},
            ],
        },
        {"credit_line_id", "organisation_id currency"},
    ),
    "credit_bills": (
        {"month": "2026-11", "amount": 5, "paid_amount": 3},
        {
            "amount": [{"amount": 0, "paid_amount": 0, "paid_at": LATER}],
            "paid_amount": [
                {"paid_amount": 6},
                {"paid_amount": -1},
                {**GIVEN_UP, "written_off_amount": 3},
                {**GIVEN_UP, "written_off_amount": -1},
                {**GIVEN_UP, "written_off_at": None},
            ],
            "paid_at": [{"paid_amount": 5}, {"paid_at": LATER}],
        },
        {"bill_id", "organisation_id currency month"},
    ),
    "bill_payments": ({}, {"amount": [{"amount": 0}]}, {"bill_id posting_id"}),
    "dunning_steps": ({}, {}, {"bill_id step"}),
    "spend_alerts": (
        {"low_balance_amount": 0, "spike_factor_percent": 110, "spike_least_amount": 0},
        {
            "low_balance": [{"low_balance_amount": -1}],
            "spike_factor": [{"spike_factor_percent": 109}, {"spike_factor_percent": 100_001}],
            "spike_least": [{"spike_least_amount": -1}],
        },
        {"organisation_id currency"},
    ),
    "licence_periods": (
        {"state": "open", "period": 1},
        {
            "ck_licence_periods_closed": [{"state": "closed"}],
            "ck_licence_periods_fee_amount": [{"fee_amount": -1}],
            "ck_licence_periods_order": [{"from_at": LATER}],
            "ck_licence_periods_period": [{"period": 0}],
            "ck_licence_periods_returned_amount": [{"returned_amount": -1}],
            "ck_licence_periods_state": [{"state": "paid"}],
            "ck_licence_periods_total": [
                {"total_amount": 2, "charged_amount": 1},
                {"total_amount": -1, "charged_amount": 1},
            ],
        },
        {"licence_id period"},
    ),
    "write_offs": (
        {"state": "proposed", "amount": 5, "recovered_amount": 0, "proposed_by": "p"},
        {
            "ck_write_offs_amount": [{"amount": 0}],
            "ck_write_offs_decided": [
                {"decided_by": "q", "decided_at": LATER},
                {"decided_at": LATER},
                {**DECIDED, "decided_by": None},
                {**DECIDED, "decided_by": None, "decided_at": None},
            ],
            "ck_write_offs_reason": [{"reason": ""}, {"reason": "x" * 2001}],
            "ck_write_offs_recovered": [
                {"recovered_at": LATER},
                {"recovered_amount": 5},
                {**DECIDED, "recovered_amount": 5},
                {**RECOVERED, "recovered_at": None},
                {**RECOVERED, "recovered_amount": 4},
            ],
            "ck_write_offs_recovered_amount": [
                {**DECIDED, "recovered_amount": 6},
                {**DECIDED, "recovered_amount": -1},
            ],
            "ck_write_offs_state": [{**DECIDED, "state": "lost"}],
            "ck_write_offs_two_people": [
                {**DECIDED, "decided_by": "p"},
                {**RECOVERED, "decided_by": "p"},
            ],
        },
        {"write_off_id", "organisation_id currency"},
    ),
    "write_off_items": (
        {"kind": "credit", "amount": 2, "recovered_amount": 2},
        {
            "ck_write_off_items_amount": [{"amount": 0, "recovered_amount": 0}],
            "ck_write_off_items_kind": [{"kind": "fee"}],
            "ck_write_off_items_recovered_amount": [
                {"recovered_amount": 3},
                {"recovered_amount": -1},
            ],
        },
        {"write_off_id kind subject"},
    ),
}


@pytest.mark.parametrize("table", RULES)
def test_no_row_of_billing_stands_that_cannot_be_true(bare, table):
    assert faults(bare, table, *RULES[table]) == []
