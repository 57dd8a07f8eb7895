"""Templates of periods and deferred revenue balance and lose nothing."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.books.postings import check_balanced
from ledger.journal.deferrals import postings as deferral_postings
from ledger.journal.periods import postings as period_postings

SPLIT = {"supplier": 5000, "supplier:org_c": 3333, "commission": 1067, "tax": 600}
PARTIES = {"supplier_id": "org_s", "currency": "CNY", "split": SPLIT}


def sums(*drafts):
    found = Counter()
    for draft in drafts:
        for posting in draft.postings:
            found[posting.account_id] += posting.amount
    return {account: amount for account, amount in found.items() if amount}


@given(amount=st.integers(1, 10**15))
def test_a_fee_and_its_true_up_cancel(amount):
    common = {"reference": "lic:1", "buyer_id": "org_b", "amount": amount, **PARTIES}
    fee, back = period_postings.charge_period(**common), period_postings.true_up(**common)
    for draft in (fee, back):
        check_balanced(draft.postings)
    assert sums(fee, back) == {}


@given(amount=st.integers(1, 10**15))
def test_a_minimum_is_owed_until_it_is_collected(amount):
    owed = period_postings.charge_minimum(
        reference="lic:1", buyer_id="org_b", amount=amount, **PARTIES
    )
    paid = period_postings.collect_minimum(
        reference="lic:1", buyer_id="org_b", amount=amount, currency="CNY"
    )
    assert sums(owed)["org_b/receivable/CNY"] == -amount
    assert "org_b/receivable/CNY" not in sums(owed, paid)
    assert sums(owed, paid)["org_b/wallet/CNY"] == -amount


@given(parts=st.lists(st.integers(1, 10**12), min_size=1, max_size=20))
def test_recognition_in_any_parts_ends_in_the_shares_of_the_whole(parts):
    total = sum(parts)
    drafts = [
        deferral_postings.defer_order(
            order_id="ord", buyer_id="org_b", amount=total, currency="CNY"
        )
    ]
    before = 0
    for number, part in enumerate(parts):
        drafts.append(
            deferral_postings.recognise(
                reference=f"ord:{number}", amount=part, recognised_before=before, **PARTIES
            )
        )
        before += part
    at_once = period_postings.charge_period(
        reference="ord", buyer_id="org_b", amount=total, **PARTIES
    )
    assert sums(*drafts) == sums(at_once)
