"""Whatever the code does, the database refuses a row of the books that cannot be true."""

import pytest

from tests.factories.bare_rows import EARLIER, LATER, faults

BY_TWO = {"first_confirmed_by": "p", "second_confirmed_by": "q"}
PAID = {"paid_at": LATER, "provider_reference": "pi_1", "gateway": "stripe"}

RULES = {
    "journal_accounts": (
        {"organisation_id": "org_1", "kind": "wallet"},
        {
            "currency": [{"currency": "cny"}, {"currency": "CNYY"}, {"currency": "CN"}],
            "kind": [
                {"kind": "secret"},
                {"kind": "tax"},
                {"kind": "gateway:alipay"},
                {"organisation_id": "exchange"},
                {"organisation_id": "exchange", "kind": "gateway:"},
                {"organisation_id": "exchange", "kind": "gateway:Alipay"},
            ],
        },
        {
            "account_id",
            "account_id organisation_id currency",
            "organisation_id kind currency",
        },
    ),
    "journal_transactions": (
        {"posting_count": 2, "reverses": 1},
        {"posting_count": [{"posting_count": 1}, {"posting_count": 65}]},
        {"transaction_id", "template reference", "reverses"},
    ),
    "postings": (
        {"line": 1, "posting_count": 2},
        {"amount": [{"amount": 0}], "line": [{"line": 0}, {"line": 3}]},
        {"posting_id", "transaction_id line"},
    ),
    "wallets": (
        {"balance_amount": 5, "pending_amount": 7, "credit_limit_amount": 2},
        {
            "credit_limit": [{"credit_limit_amount": -1, "pending_amount": 0}],
            "not_oversold": [{"pending_amount": 8}, {"balance_amount": 4}],
            "pending": [{"pending_amount": -1}],
        },
        {"organisation_id currency", "account_id"},
    ),
    "wallet_leases": (
        {"amount": 1, "spent_amount": 1},
        {
            "amount": [{"amount": 0, "spent_amount": 0}],
            "spent_within_lease": [{"spent_amount": 2}, {"spent_amount": -1}],
        },
        {"lease_id"},
    ),
    "top_ups": (
        {"state": "requested"},
        {
            "amount": [{"amount": 0}],
            "currency": [{"currency": "yuan"}],
            "state": [
                {"state": "lost"},
                {"first_confirmed_by": "p"},
                {"paid_at": LATER},
                {"cancelled_by": "p"},
                {"state": "confirmed_once"},
                {"state": "confirmed_once", "first_confirmed_by": "p", "cancelled_by": "q"},
                {"state": "confirmed_once", **BY_TWO},
                {"state": "confirmed_once", "first_confirmed_by": "p", "paid_at": LATER},
                {"state": "posted"},
                {"state": "posted", "first_confirmed_by": "p"},
                {"state": "posted", "second_confirmed_by": "q"},
                {"state": "posted", **BY_TWO, "cancelled_by": "p"},
                {"state": "posted", **PAID, "gateway": "bank_transfer"},
                {"state": "posted", **PAID, "provider_reference": None},
                {"state": "posted", **PAID, **BY_TWO},
                {"state": "posted", **PAID, "paid_at": None},
                {"state": "cancelled"},
                {"state": "cancelled", "cancelled_by": "p", **BY_TWO},
                {"state": "cancelled", "cancelled_by": "p", "paid_at": LATER},
            ],
            "two_people": [{"state": "posted", **BY_TWO, "second_confirmed_by": "p"}],
        },
        {"top_up_id", "reference"},
    ),
    "licence_parties": (
        {"ends_at": LATER},
        {"period": [{"ends_at": EARLIER}, {"starts_at": LATER}]},
        {"licence_id", "order_id"},
    ),
    "invoices": (
        {"until_at": LATER},
        {"period": [{"from_at": LATER}, {"until_at": EARLIER}]},
        {"invoice_id", "licence_id from_at", "licence_id until_at"},
    ),
    "invoice_lines": ({}, {}, {"transaction_id"}),
    "account_tallies": ({}, {}, {"account_id"}),
    "account_freezes": (
        {},
        {
            "lifted": [
                {"lifted_at": LATER, "lifted_by": "q", "lift_asked_by": "p"},
                {"lifted_at": LATER, "lifted_by": "q", "lift_reason": "r"},
                {"lifted_at": LATER, "lift_asked_by": "p", "lift_reason": "r"},
            ],
            "two_people": [{"lift_asked_by": "p", "lifted_by": "p"}],
        },
        {"freeze_id", "account_id"},
    ),
}


@pytest.mark.parametrize("table", RULES)
def test_no_row_of_the_books_stands_that_cannot_be_true(bare, table):
    assert faults(bare, table, *RULES[table]) == []
