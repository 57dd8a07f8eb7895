"""What a wallet may pay back to a bank: what is free, owed nowhere, and came by it."""

import pytest

from app.core.money import MINOR
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.wallets import services
from ledger.journal.withdrawals import queries as withdrawal_queries
from ledger.journal.withdrawals.standing import Standing

BUYER = "org_buyer"
TOP_UP = (
    "INSERT INTO top_ups (top_up_id, organisation_id, amount, currency, gateway, reference,"
    " pay_into, state, requested_by, requested_at, first_confirmed_by, second_confirmed_by,"
    " paid_at, provider_reference) VALUES ('{0}', 'org_buyer', {1} * 1000000, 'CNY', '{2}', '{0}',"
    " 'x', '{3}', 'p', now(), {4})"
)
CONFIRMED, PAID, NEITHER = (
    "'p', 'q', NULL, NULL",
    "NULL, NULL, now(), 'x'",
    "NULL, NULL, NULL, NULL",
)
WITHDRAWAL = (
    "INSERT INTO withdrawals (withdrawal_id, organisation_id, amount, currency, bank_account_id,"
    " state, requested_by, requested_at, approved_by, sent_by, sent_at, paid_at, failed_at,"
    " failure_code, cancelled_by) VALUES ('wdr_{0}', 'org_buyer', {1} * 1000000, 'CNY', 'x', '{0}',"
    " 'p', now(), {2})"
)
BILL = (
    "INSERT INTO credit_bills (bill_id, organisation_id, currency, month, from_at, until_at,"
    " amount, paid_amount, written_off_amount, issued_at, due_at, dunning, document, bill_hash,"
    " key_name, signature) VALUES ('cbl_1', 'org_buyer', 'CNY', '2026-01', now(), now(),"
    " 20000000, 5000000, 0, now(), now(), '[]', '{}', '', '', '')"
)


# A charge-back that no wallet covered.
OWED = (
    (
        "INSERT INTO journal_transactions (transaction_id, template, reference, occurred_at,"
        " booked_at, posting_count) VALUES (1, 'charge_back', 'tup_2', now(), now(), 2)"
    ),
    (
        "INSERT INTO postings (transaction_id, line, posting_count, account_id, organisation_id,"
        " currency, amount, booked_at) VALUES (1, 1, 2, 'org_buyer/receivable/CNY', 'org_buyer',"
        " 'CNY', -400000000, now())"
    ),
)


@pytest.fixture
def wallet(in_unit, plant):
    """1,000 in it, of which calls hold 100; each row beside it has an amount of its own."""
    in_unit(lambda uow: services.open_accounts(uow, organisation_id=BUYER))
    plant(
        "UPDATE wallets SET balance_amount = 1000000000, pending_amount = 100000000",
        TOP_UP.format("tup_1", 600, "bank_transfer", "posted", CONFIRMED),
        TOP_UP.format("tup_2", 300, "stripe", "posted", PAID),
        TOP_UP.format("tup_3", 700, "bank_transfer", "requested", NEITHER),
        WITHDRAWAL.format("requested", 1, "NULL, NULL, NULL, NULL, NULL, NULL, NULL"),
        WITHDRAWAL.format("approved", 2, "'q', NULL, NULL, NULL, NULL, NULL, NULL"),
        WITHDRAWAL.format("sent", 4, "'q', 'r', now(), NULL, NULL, NULL, NULL"),
        WITHDRAWAL.format("paid", 8, "'q', 'r', now(), now(), NULL, NULL, NULL"),
        WITHDRAWAL.format("failed", 16, "'q', 'r', now(), NULL, now(), 'x', NULL"),
        WITHDRAWAL.format("cancelled", 32, "NULL, NULL, NULL, NULL, NULL, NULL, 'p'"),
        BILL,
        *OWED,
    )


def test_it_stands_as_its_rows_say(in_unit, wallet):
    standing, decided = (
        in_unit(
            lambda uow, counts=counts: withdrawal_queries.standing_of(
                uow.session, BUYER, "CNY", counts_requests=counts
            )
        )
        for counts in (True, False)
    )
    assert standing == Standing(
        own_amount=900 * MINOR,
        owed_amount=(400 + 15) * MINOR,
        asked_amount=1 * MINOR,
        paid_in_amount=600 * MINOR,
        withdrawn_amount=(2 + 4 + 8) * MINOR,
    )
    assert standing.refundable_amount == (900 - 415 - 1) * MINOR
    assert decided.asked_amount == 0


def test_a_list_of_wallets_says_of_each_what_it_says_alone(in_unit, wallet):
    (shown,) = in_unit(
        lambda uow: wallet_queries.list_wallets(uow.session, BUYER, cursor=None, limit=9)
    ).items
    found = in_unit(lambda uow: withdrawal_queries.refundable_amounts(uow.session, [shown]))
    assert found == {shown.account_id: (900 - 415 - 1) * MINOR}


def test_another_currency_s_rows_are_its_own(in_unit, wallet):
    in_unit(lambda uow: services.open_accounts(uow, organisation_id=BUYER, currency="USD"))
    standing = in_unit(
        lambda uow: withdrawal_queries.standing_of(uow.session, BUYER, "USD", counts_requests=True)
    )
    assert standing == Standing(0, 0, 0, 0, 0)
