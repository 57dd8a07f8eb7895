"""The live audit finds too much as well as too little, and what was changed behind its own sums."""

import pytest

from app.core.money import SCALE
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import cursors
from tests.functional.test_books_audit import WALLET, audit, frozen, trading  # noqa: F401

OTHER = "org_a/wallet/CNY"
PAYABLE, SETTLED = "org_supplier/payable/CNY", "org_supplier/settled/CNY"
TOP_UP = "(SELECT transaction_id FROM journal_transactions WHERE reference = 'tup_1')"
WRITE_OFF = (
    "INSERT INTO write_offs (write_off_id, organisation_id, currency, amount, recovered_amount,"
    " reason, state, proposed_by, proposed_at, decided_by, decided_at) VALUES"
    " ('wof_x', 'org_b', 'CNY', 7, {}, 'r', 'written_off', 'p', now(), 'q', now())"
)
ITEM = (
    "INSERT INTO write_off_items (write_off_id, kind, subject, organisation_id, amount,"
    " recovered_amount) VALUES ('wof_x', 'credit', 'x', 'org_b', 7, {})"
)
WITHDRAWAL = (
    "INSERT INTO withdrawals (withdrawal_id, organisation_id, amount, currency, bank_account_id,"
    " state, requested_by, requested_at, approved_by, approved_at, sent_by, sent_at, paid_at)"
    " VALUES ('wdr_x', 'org_b', 1000000, 'CNY', 'bka_x', 'paid', 'p', now(), 'q', now(), 'r',"
    " now(), now())"
)
ASKED = (
    "INSERT INTO withdrawals (withdrawal_id, organisation_id, amount, currency, bank_account_id,"
    " state, requested_by, requested_at) VALUES ('wdr_x', 'org_b', 1000000, 'CNY', 'bka_x',"
    " 'requested', 'p', now())"
)
SETTLEMENT = (
    "INSERT INTO settlements (settlement_id, run_id, supplier_id, currency, n, from_at, until_at,"
    " from_posting_id, until_posting_id, opening_amount, period_amount, settled_amount,"
    " carried_amount, statement, statement_hash, settled_at) VALUES ('stl_x', 'run_x',"
    " 'org_supplier', 'CNY', 1, now(), now(), 0, 1, 0, 1000000, 1000000, 0, '{}', 'x', now())"
)
UNCONFIRMED = (
    "INSERT INTO top_ups (top_up_id, organisation_id, amount, currency, gateway, reference,"
    " pay_into, state, requested_by, requested_at) VALUES ('tup_1', 'org_b', 10000000000,"
    " 'CNY', 'bank_transfer', 'x', 'x', 'requested', 'p', now())"
)
LINE = (
    f"INSERT INTO postings (transaction_id, line, posting_count, account_id, organisation_id,"
    f" currency, amount, booked_at) SELECT {TOP_UP}, {{0}}, 4, '{WALLET}', 'org_b', 'CNY', {{1}},"
    " now()"
)

DEFERRED = "(SELECT transaction_id FROM journal_transactions WHERE order_id = 'ord_yearly')"
TAKEN = (
    "SELECT journal_post('withdraw', 'wdr_x', now(), now(), NULL, NULL, NULL, NULL,"
    " ARRAY['org_b/wallet/CNY', 'exchange/transit/CNY'], ARRAY[-1000000, 1000000]::bigint[])"
)
# What is done past the verbs; of each rule that it breaks what it finds too much; whom it freezes.
BREACHES = {
    "a posting is raised": (
        [
            (
                "UPDATE postings SET amount = amount + 7"
                " WHERE account_id = 'org_b/wallet/CNY' AND amount > 0"
            )
        ],
        {"transaction_sums_to_zero": 7, "wallet_is_its_postings": 7},
        {WALLET},
    ),
    "postings are added that cancel": (
        [LINE.format(3, 7), LINE.format(4, -7)],
        {"transaction_has_its_postings": 2},
        {WALLET},
    ),
    "all postings are removed": (
        [f"DELETE FROM postings WHERE transaction_id = {TOP_UP}"],  # noqa: S608 -- constants
        {"transaction_has_its_postings": -2, "wallet_is_its_postings": -100 * SCALE},
        {WALLET},
    ),
    "more is held than there is": (
        [
            "ALTER TABLE wallets DROP CONSTRAINT not_oversold",
            (
                "UPDATE wallets SET pending_amount = balance_amount + 1"
                " WHERE organisation_id = 'org_b'"
            ),
        ],
        {"wallet_is_within_its_credit": -1, "pending_is_open_leases": 99 * SCALE + 1},
        {WALLET},
    ),
    "less than nothing is held": (
        [
            "ALTER TABLE wallets DROP CONSTRAINT pending",
            "UPDATE wallets SET pending_amount = -1 WHERE organisation_id = 'org_b'",
        ],
        {"wallet_is_within_its_credit": 99 * SCALE + 1, "pending_is_open_leases": -1},
        {WALLET},
    ),
    "a wallet is lowered": (
        ["UPDATE wallets SET balance_amount = balance_amount - 5 WHERE organisation_id = 'org_b'"],
        {"wallet_is_its_postings": 5},
        {WALLET},
    ),
    "a lease's money is no longer held": (
        ["UPDATE wallets SET pending_amount = 0 WHERE organisation_id = 'org_a'"],
        {"pending_is_open_leases": -SCALE},
        {OTHER},
    ),
    "more is booked under a lease than it says": (
        ["UPDATE journal_transactions SET lease_id = 'lea_1' WHERE reference = 'ord_0'"],
        {"lease_is_its_postings": SCALE},
        {OTHER},
    ),
    "less than nothing was spent of a lease": (
        [
            "ALTER TABLE wallet_leases DROP CONSTRAINT spent_within_lease",
            "UPDATE wallet_leases SET spent_amount = -1",
        ],
        {
            "lease_is_within_its_grant": -SCALE - 1,
            "lease_is_its_postings": 1,
            "wallet_is_its_postings": -1,
        },
        {OTHER},
    ),
    "a top-up is in the books that nobody confirmed": (
        [UNCONFIRMED],
        {"cash_is_booked": 100 * SCALE, "cash_is_at_its_gateway": -100 * SCALE},
        {WALLET},
    ),
    "a withdrawal left the bank in name only": (
        [WITHDRAWAL],
        {"withdrawal_is_booked": 1_000_000, "withdrawal_left_the_bank": -1_000_000},
        {WALLET},
    ),
    "a withdrawal is in the books that nobody approved": (
        [TAKEN, ASKED],
        {"withdrawal_is_booked": -1_000_000},
        {WALLET},
    ),
    "a yearly price is raised": (
        ["UPDATE deferrals SET price_amount = price_amount + 1"],
        {"deferred_is_booked": -1},
        {PAYABLE},
    ),
    "a rest went back in name only": (
        ["UPDATE deferrals SET refunded_amount = 1"],
        {"deferred_is_booked": 1},
        {PAYABLE},
    ),
    "more was earned of a year than it cost, in the books too": (
        [
            "ALTER TABLE deferrals DROP CONSTRAINT parts",
            "UPDATE deferrals SET recognised_amount = 2 * price_amount",
            f"UPDATE postings SET amount = -amount WHERE transaction_id = {DEFERRED}",  # noqa: S608 -- constants
        ],
        {"deferred_is_booked": 0, "wallet_is_its_postings": 20 * SCALE},
        {PAYABLE, OTHER},
    ),
    "a settlement moved nothing": (
        [SETTLEMENT],
        {"settlement_is_booked": -1_000_000},
        {PAYABLE, SETTLED},
    ),
    "a write-off has no debts": (
        [WRITE_OFF.format(0)],
        {"write_off_is_booked": 7, "write_off_is_its_debts": -7},
        {WALLET},
    ),
    "a write-off was recovered of no debt": (
        [WRITE_OFF.format(3), ITEM.format(0)],
        {"write_off_is_booked": 4, "write_off_is_its_debts": 3},
        {WALLET},
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_in_the_other_direction_is_found_too(
    in_unit,
    trading,  # noqa: F811
    plant,
    breach,
):
    statements, rules, accounts = BREACHES[breach]
    plant(*statements)
    found = in_unit(lambda uow: find_imbalances(uow.session))
    assert {row.rule: row.found - row.expected for row in found} == rules
    audit(in_unit)
    assert set(frozen(in_unit)) == accounts


def test_what_is_changed_behind_the_tally_is_found_from_the_first_posting_on(
    in_unit,
    trading,  # noqa: F811
    plant,
):
    for _ in range(3):
        in_unit(cursors.tally)
    plant(
        *(
            f"UPDATE postings SET amount = amount {change} WHERE transaction_id = {TOP_UP}"  # noqa: S608 -- constants
            f" AND account_id = '{account}'"
            for account, change in ((WALLET, "+ 5"), ("exchange/bank/CNY", "- 5"))
        )
    )
    audit(in_unit, rounds=6)
    assert set(frozen(in_unit)) == {WALLET}
    assert frozen(in_unit)[WALLET].rule == "wallet_is_its_postings"
