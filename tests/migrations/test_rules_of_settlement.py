"""Whatever the code does, the database refuses a credit, settlement or payout that is not true."""

import pytest

from tests.factories.bare_rows import EARLIER, FEN, HASH, LATER, faults

APPROVED = {"state": "approved", "requested_by": "p", "approved_by": "q"}
SENT = {**APPROVED, "state": "sent", "sent_at": LATER}
PAID = {**APPROVED, "state": "paid", "paid_at": LATER}
FAILED = {**APPROVED, "state": "failed", "failed_at": LATER, "failure_code": "x"}
CANCELLED = {"state": "cancelled", "cancelled_by": "p"}
NOBODY_APPROVED = [{**each, "approved_by": None} for each in (APPROVED, SENT, PAID, FAILED)]
WRONG_PAYOUTS = [
    {**APPROVED, "state": "lost"},
    {"approved_by": "q"},
    {"cancelled_by": "p"},
    {**APPROVED, "sent_at": LATER},
    {**APPROVED, "paid_at": LATER},
    {**APPROVED, "failed_at": LATER},
    {**SENT, "sent_at": None},
    {**SENT, "paid_at": LATER},
    {**SENT, "failed_at": LATER},
    {**PAID, "paid_at": None},
    {**PAID, "failed_at": LATER},
    {**FAILED, "failed_at": None},
    {**FAILED, "failure_code": None},
    {**CANCELLED, "cancelled_by": None},
    {**CANCELLED, "approved_by": "q"},
]
DISPUTE = {"decided_at": LATER, "credit_id": None}
DECIDED = {"proposed_by": "p", "decided_by": "q", "decided_at": LATER}
REASONS = [{"reason": ""}, {"reason": "x" * 2001}]
HALF_STATED = [
    {**PAID, "return_stated_by": "p"},
    {**PAID, "return_stated_at": LATER},
    {**SENT, "return_stated_by": "p", "return_stated_at": LATER},
]
ONE_SAID_RETURNED = [
    {**PAID, "returned_by": "p"},
    {**PAID, "return_stated_by": "p", "return_stated_at": LATER, "returned_by": "p"},
]

RULES = {
    "credits": (
        {"amount": 2, "n": 1, "total_amount": 2},
        {
            "amount": [
                {"amount": 0, "total_amount": 0},
                {"n": 0},
                {"n": 2, "total_amount": 1},
            ],
            "currency": [{"currency": "fen"}],
            "first": [{"total_amount": 3}],
        },
        {"credit_id", "licence_id n"},
    ),
    "credit_items": (
        {"kind": "call", "amount": 2, "charged_amount": 2},
        {
            "amount": [{"amount": 0}, {"amount": 3}],
            "kind": [{"kind": "invoice"}],
        },
        {"credit_id line", "licence_id reference"},
    ),
    "disputes": (
        {"state": "opened", "claimed_amount": 5, "accepted_amount": 0, "credit_id": "c"},
        {
            "accepted": [{"accepted_amount": 6}, {"accepted_amount": -1}],
            "state": [
                {"state": "lost"},
                {"answered_at": LATER},
                {"decided_at": LATER},
                {"withdrawn_at": LATER},
                {"state": "answered"},
                {"state": "answered", "answered_at": LATER, "decided_at": LATER},
                {"state": "answered", "answered_at": LATER, "withdrawn_at": LATER},
                {"state": "withdrawn"},
                {"state": "withdrawn", "withdrawn_at": LATER, "decided_at": LATER},
                {"state": "rejected", "credit_id": None},
                {**DISPUTE, "state": "rejected", "accepted_amount": 1},
                {"state": "rejected", "decided_at": LATER},
                {"state": "accepted", "credit_id": None},
                {**DISPUTE, "state": "accepted", "accepted_amount": 1},
                {"state": "accepted", "decided_at": LATER},
                {"state": "credited", "accepted_amount": 1},
                {"state": "credited", "decided_at": LATER},
                {**DISPUTE, "state": "credited", "accepted_amount": 1},
            ],
        },
        {"dispute_id", "credit_id"},
    ),
    "dispute_calls": (
        {"finding": "matches", "is_live": True, "amount": 0},
        {"amount": [{"amount": -1}], "finding": [{"finding": "missing"}]},
        {"dispute_id lane n", "licence_id lane n"},
    ),
    "settlement_runs": (
        {"state": "planned", "until_at": LATER, "minimum_amount": 0},
        {
            "ck_settlement_runs_failures": [{"failed_count": 1}, {"failures": [{}]}],
            "currency": [{"currency": "fen"}],
            "minimum": [{"minimum_amount": -1}],
            "period": [{"from_at": LATER}, {"until_at": EARLIER}],
            "state": [
                {"state": "paid"},
                {"finished_at": LATER},
                {"run_hash": HASH},
                {"state": "finished", "finished_at": LATER},
                {"state": "finished", "run_hash": HASH},
            ],
        },
        {"run_id", "currency from_at", "currency until_at"},
    ),
    "settlements": (
        {
            "from_posting_id": 0,
            "until_posting_id": 9,
            "n": 1,
            "root_hash": HASH,
            "opening_amount": -1,
            "period_amount": 2 * FEN,
            "settled_amount": FEN,
            "carried_amount": FEN - 1,
        },
        {
            "ck_settlements_root_hash": [{"root_hash": "x"}, {"root_hash": HASH.upper()}],
            "range": [{"from_posting_id": 9}, {"n": 0}],
            "settled": [
                {"settled_amount": FEN - 1, "carried_amount": FEN},
                {"settled_amount": -FEN, "carried_amount": 3 * FEN - 1},
            ],
            "sums": [{"carried_amount": FEN}, {"opening_amount": 0}, {"period_amount": FEN}],
        },
        {
            "settlement_id",
            "run_id supplier_id",
            "supplier_id currency from_posting_id",
            "supplier_id currency n",
        },
    ),
    "statement_rows": (
        {},
        {
            "ck_statement_rows_charged": [{"charged_amount": -1}],
            "ck_statement_rows_credited": [{"credited_amount": -1}],
            "ck_statement_rows_salt": [{"salt": "\\x00"}],
            "ck_statement_rows_units": [{"units": -1}],
        },
        {"settlement_id subject"},
    ),
    "bank_accounts": (
        {"effective_at": LATER},
        {
            "cancelled": [{"cancelled_at": LATER}],
            "currency": [{"currency": "fen"}],
            "waiting": [{"effective_at": EARLIER}],
        },
        {"bank_account_id"},
    ),
    "payouts": (
        {"state": "requested", "amount": FEN},
        {
            "amount": [{"amount": 0}, {"amount": -FEN}, {"amount": FEN + 1}],
            "ck_payouts_approved": NOBODY_APPROVED,
            "ck_payouts_return_stated": HALF_STATED,
            "ck_payouts_two_say_returned": ONE_SAID_RETURNED,
            "state": WRONG_PAYOUTS,
            "two_people": [{**APPROVED, "approved_by": "p"}],
        },
        {"payout_id", "settlement_id"},
    ),
    "withdrawals": (
        {"state": "requested", "amount": FEN},
        {
            "ck_withdrawals_amount": [{"amount": 0}, {"amount": -FEN}, {"amount": FEN + 1}],
            "ck_withdrawals_approved": NOBODY_APPROVED,
            "ck_withdrawals_return_stated": HALF_STATED,
            "ck_withdrawals_state": WRONG_PAYOUTS,
            "ck_withdrawals_two_people": [
                {**APPROVED, "approved_by": "p"},
                {**SENT, "sent_by": "q"},
            ],
            "ck_withdrawals_two_say_returned": ONE_SAID_RETURNED,
        },
        {"withdrawal_id"},
    ),
    "top_up_returns": (
        {
            "kind": "refund",
            "state": "disputed",
            "amount": 5,
            "owed_amount": 5,
            "collected_amount": 3,
            "written_off_amount": 2,
        },
        {
            "amount": [
                {"amount": 4},
                {"amount": 0, "owed_amount": 0, "collected_amount": 0, "written_off_amount": 0},
                {"owed_amount": -1, "collected_amount": 0, "written_off_amount": 0},
            ],
            "ck_top_up_returns_written_off_amount": [
                {"written_off_amount": 3},
                {"written_off_amount": -1},
            ],
            # What is collected beyond what is owed, the rule above refuses too.
            "collected": [{"collected_amount": -1}],
            "kind": [{"kind": "gift"}],
            "state": [
                {"state": "open"},
                {"closed_at": LATER},
                {"state": "closed", "closed_at": LATER},
                {"state": "won"},
                {"state": "lost"},
                {"state": "failed"},
            ],
        },
        {"return_id", "gateway provider_reference"},
    ),
    "suspense_assignments": (
        {"state": "approved", **DECIDED},
        {
            "ck_suspense_assignments_amount": [{"amount": 0}],
            "ck_suspense_assignments_decided": [
                {"state": "proposed"},
                {"decided_by": None, "decided_at": None},
                {"decided_at": None},
            ],
            "ck_suspense_assignments_reason": REASONS,
            "ck_suspense_assignments_state": [{"state": "lost"}],
            "ck_suspense_assignments_two_people": [{"decided_by": "p"}],
        },
        {"assignment_id", "reference"},
    ),
    "bank_arrivals": (
        {},
        {
            "ck_bank_arrivals_amount": [{"amount": 0}],
            "ck_bank_arrivals_bank_reference": [
                {"bank_reference": ""},
                {"bank_reference": "x" * 121},
            ],
        },
        {"bank_reference"},
    ),
    "suspense_returns": (
        {"state": "approved", **DECIDED},
        {
            "ck_suspense_returns_amount": [{"amount": 0}],
            "ck_suspense_returns_decided": [
                {"state": "proposed"},
                {"decided_by": None, "decided_at": None},
                {"decided_at": None},
            ],
            "ck_suspense_returns_ended": [
                {"ended_at": LATER},
                {"provider_reference": "x"},
                {"failure_code": "x"},
                {"state": "returned", "ended_at": LATER},
                {"state": "returned", "provider_reference": "x"},
                {"state": "failed", "ended_at": LATER},
                {"state": "failed", "failure_code": "x"},
            ],
            "ck_suspense_returns_reason": REASONS,
            "ck_suspense_returns_state": [{"state": "lost"}],
            "ck_suspense_returns_two_people": [
                {"decided_by": "p"},
                {
                    "decided_by": "p",
                    "state": "returned",
                    "ended_at": LATER,
                    "provider_reference": "x",
                },
            ],
        },
        {"return_id", "reference"},
    ),
}


@pytest.mark.parametrize("table", RULES)
def test_no_row_of_settlement_stands_that_cannot_be_true(bare, table):
    assert faults(bare, table, *RULES[table]) == []
