"""Posting templates balance, whatever they are given."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.books import postings
from ledger.journal.books.chart import (
    AccountKind,
    exchange_account,
    payable_of,
    receivable_of,
    settled_of,
    wallet_of,
)
from ledger.journal.books.postings import Draft, Posting, Unbalanced, UnknownTemplate
from ledger.journal.books.splits import shares
from ledger.journal.charge_backs import postings as charge_back_postings
from ledger.journal.payouts import postings as payout_postings
from ledger.journal.settlement import postings as settlement_postings

SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
PARTIES: dict[str, Any] = {
    "buyer_id": "org_b",
    "supplier_id": "org_s",
    "currency": "CNY",
    "split": SPLIT,
}
amounts = st.integers(1, 10**16)


def credited(amount, split=SPLIT):
    return postings.credit(
        reference="x",
        buyer_id="org_b",
        supplier_id="org_s",
        currency="CNY",
        parts=shares(amount, split),
    )


def moved(draft):
    return {posting.account_id: posting.amount for posting in draft.postings}


def test_a_top_up_moves_money_from_the_bank_into_the_wallet():
    draft = postings.top_up(reference="tup_1", organisation_id="org_b", amount=500, currency="CNY")
    assert moved(draft) == {
        exchange_account(AccountKind.BANK, "CNY"): -500,
        wallet_of("org_b", "CNY"): 500,
    }


def test_an_order_is_paid_by_the_buyer_to_supplier_commission_and_tax():
    draft = postings.charge_order(order_id="ord_1", amount=10_000, **PARTIES)
    assert moved(draft) == {
        wallet_of("org_b", "CNY"): -10_000,
        payable_of("org_s", "CNY"): 8400,
        exchange_account(AccountKind.COMMISSION, "CNY"): 1000,
        exchange_account(AccountKind.TAX, "CNY"): 600,
    }


def test_a_part_of_nothing_has_no_posting():
    draft = postings.charge_order(order_id="ord_1", amount=1, **PARTIES)
    assert moved(draft) == {wallet_of("org_b", "CNY"): -1, payable_of("org_s", "CNY"): 1}


def test_rounding_goes_through_the_receivable_and_never_the_wallet():
    draft = postings.invoice_rounding(
        invoice_id="inv_1", buyer_id="org_b", rounding=-3, currency="CNY"
    )
    assert moved(draft) == {
        receivable_of("org_b", "CNY"): 3,
        exchange_account(AccountKind.ROUNDING, "CNY"): -3,
    }


def test_a_credit_is_the_negation_of_a_charge():
    charge = postings.charge_order(order_id="x", amount=12_345, **PARTIES)
    credit = credited(12_345)
    assert moved(credit) == {account: -amount for account, amount in moved(charge).items()}


COMPOSITE = {"supplier": 5000, "supplier:org_c": 3000, "commission": 1500, "tax": 500}


def test_each_supplier_of_a_composite_product_is_paid_by_its_contribution():
    draft = postings.charge_order(order_id="x", amount=10_000, **{**PARTIES, "split": COMPOSITE})
    assert moved(draft) == {
        wallet_of("org_b", "CNY"): -10_000,
        payable_of("org_s", "CNY"): 5000,
        payable_of("org_c", "CNY"): 3000,
        exchange_account(AccountKind.COMMISSION, "CNY"): 1500,
        exchange_account(AccountKind.TAX, "CNY"): 500,
    }
    undone = {account: -amount for account, amount in moved(draft).items()}
    assert moved(credited(10_000, COMPOSITE)) == undone


def test_a_stripe_top_up_comes_through_the_stripe_account():
    draft = postings.top_up(
        reference="t", organisation_id="org_b", amount=7, currency="USD", gateway="stripe"
    )
    assert moved(draft) == {"exchange/stripe/USD": -7, wallet_of("org_b", "USD"): 7}


def test_a_paid_payout_ends_at_the_bank_and_a_failed_one_where_it_began():
    said = {"payout_id": "p", "amount": 500, "currency": "CNY"}
    sides = {"supplier_id": "org_s", **said}
    settled = settlement_postings.settle(
        settlement_id="s", supplier_id="org_s", amount=500, currency="CNY"
    )
    sent = payout_postings.pay_out(**sides)
    paid = payout_postings.payout_paid(**said, gateway="bank_transfer")
    failed = payout_postings.payout_failed(**sides)
    payable, bank = payable_of("org_s", "CNY"), exchange_account(AccountKind.BANK, "CNY")
    assert summed(settled, sent, paid) == {payable: -500, bank: 500}
    assert summed(settled, sent, failed) == {}
    returned = payout_postings.payout_returned(**sides, gateway="bank_transfer")
    assert summed(settled, sent, paid, returned) == {}
    assert moved(settled) == {payable: -500, settled_of("org_s", "CNY"): 500}


def taken_back(wallet_amount, owed_amount):
    return charge_back_postings.take_back(
        template="charge_back",
        reference="d",
        organisation_id="org_b",
        wallet_amount=wallet_amount,
        owed_amount=owed_amount,
        currency="CNY",
        gateway="stripe",
    )


def test_a_charge_back_takes_what_the_wallet_has_and_leaves_the_rest_owed():
    back = taken_back(300, 200)
    assert moved(back) == {
        "exchange/stripe/CNY": 500,
        wallet_of("org_b", "CNY"): -300,
        receivable_of("org_b", "CNY"): -200,
    }
    won = charge_back_postings.give_again(
        template="charge_back_won",
        reference="d",
        organisation_id="org_b",
        amount=500,
        owed_amount=200,
        currency="CNY",
        gateway="stripe",
    )
    assert summed(back, won) == {}


def test_a_provider_s_fee_is_the_exchange_s_own_loss():
    fee = charge_back_postings.provider_fee(
        reference="m", amount=30, currency="CNY", gateway="stripe"
    )
    assert moved(fee) == {"exchange/stripe/CNY": 30, "exchange/fees/CNY": -30}


def summed(*sequence):
    sums = {}
    for draft in sequence:
        for account, amount in moved(draft).items():
            sums[account] = sums.get(account, 0) + amount
    return {account: amount for account, amount in sums.items() if amount}


def test_postings_of_two_currencies_that_cancel_only_in_sum_are_refused():
    with pytest.raises(Unbalanced):
        Draft(
            "top_up",
            "x",
            (Posting(wallet_of("org_b", "CNY"), 5), Posting(wallet_of("org_b", "USD"), -5)),
        )


def test_money_does_not_move_for_a_reason_that_is_not_on_the_list():
    with pytest.raises(UnknownTemplate):
        Draft(
            "gift",
            "x",
            (Posting(wallet_of("org_b", "CNY"), 5), Posting(wallet_of("org_a", "CNY"), -5)),
        )


def test_a_single_posting_is_refused_even_of_nothing():
    with pytest.raises(Unbalanced):
        Draft("top_up", "x", (Posting(wallet_of("org_b", "CNY"), 0),))


drafts = st.one_of(
    amounts.map(
        lambda n: postings.top_up(reference="t", organisation_id="org_b", amount=n, currency="CNY")
    ),
    amounts.map(lambda n: postings.charge_order(order_id="o", amount=n, **PARTIES)),
    amounts.map(credited),
    amounts.map(lambda n: credited(n, COMPOSITE)),
    amounts.map(
        lambda n: settlement_postings.settle(
            settlement_id="s", supplier_id="org_s", amount=n, currency="CNY"
        )
    ),
    st.tuples(amounts, st.integers(0, 10**15)).map(lambda pair: taken_back(*pair)),
    st.tuples(amounts, st.integers(0, 10**15)).map(
        lambda pair: postings.accrue_calls(
            reference="l", amount=pair[0], total_amount_before=pair[1], **PARTIES
        )
    ),
    st.integers(-500_000, 500_000)
    .filter(bool)
    .map(
        lambda n: postings.invoice_rounding(
            invoice_id="i", buyer_id="org_b", rounding=n, currency="CNY"
        )
    ),
)


@given(st.lists(drafts, max_size=8))
def test_any_sequence_of_templates_and_their_reversals_sums_to_zero(sequence):
    total = 0
    for draft in sequence:
        undone = postings.reverse(
            template=draft.template, reference=draft.reference, postings=draft.postings
        )
        assert all(posting.amount for posting in draft.postings)
        assert moved(undone) == {key: -amount for key, amount in moved(draft).items()}
        total += sum(moved(draft).values())
    assert total == 0
