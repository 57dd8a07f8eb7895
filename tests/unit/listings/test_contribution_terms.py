"""Shares of several suppliers: what may be asked for, and how it enters a split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.offers.contribution_terms import (
    contribution_hash,
    contribution_terms,
    contributor_faults,
    contributor_shares,
    shared_split,
)
from listings.ports import ExchangePolicy

SPLIT = ExchangePolicy().split
names = st.text("abcdefgh", min_size=1, max_size=6)


def contributor(name, share_bp=2_500):
    return {"organisation_id": name, "share_bp": share_bp, "basis": "data"}


def test_a_product_of_one_supplier_keeps_the_split_of_before():
    assert shared_split(SPLIT, []) == {"supplier": 8400, "commission": 1000, "tax": 600}


def test_the_supplier_s_part_is_divided_by_contribution():
    split = shared_split(SPLIT, [contributor("org_b"), contributor("org_a", 1)])
    assert split == {
        "supplier": 6299,
        "supplier:org_a": 1,
        "supplier:org_b": 2100,
        "commission": 1000,
        "tax": 600,
    }
    assert list(split) == ["supplier", "supplier:org_a", "supplier:org_b", "commission", "tax"]
    assert contributor_shares(split) == {"org_a": 1, "org_b": 2100}


def test_a_tie_of_remainders_goes_to_the_supplier_then_by_id():
    # 8,401 in four equal parts leaves one over.
    policy = ExchangePolicy(commission_bp=1000, tax_bp=599).split
    split = shared_split(policy, [contributor(name) for name in ("org_c", "org_b", "org_a")])
    assert [split[part] for part in list(split)[:4]] == [2101, 2100, 2100, 2100]
    # 8,402 leaves two: the second goes to the first contributor by id.
    policy = ExchangePolicy(commission_bp=1000, tax_bp=598).split
    split = shared_split(policy, [contributor(name) for name in ("org_c", "org_b", "org_a")])
    assert (split["supplier"], split["supplier:org_a"]) == (2101, 2101)


@given(
    shares=st.dictionaries(names, st.integers(1, 400), max_size=20),
    commission=st.integers(0, 5_000),
    tax=st.integers(0, 5_000),
)
def test_any_shares_leave_the_sum_and_are_within_one_of_their_proportion(shares, commission, tax):
    split = ExchangePolicy(commission, tax).split
    shared = shared_split(split, [contributor(name, share) for name, share in shares.items()])
    assert sum(shared.values()) == 10_000
    assert (shared["commission"], shared["tax"]) == (commission, tax)
    got = contributor_shares(shared)
    assert set(got) == set(shares)
    for name, share in shares.items():
        assert abs(got[name] * 10_000 - split["supplier"] * share) < 10_000


@pytest.mark.parametrize(
    ("contributors", "pointers"),
    [
        ([], []),
        ([contributor("org_a", 9_999)], []),
        ([contributor("org_a", 5_000), contributor("org_b", 5_000)], ["#/contributors"]),
        ([contributor("org_own")], ["#/contributors/0/organisation_id"]),
        ([contributor("org_a"), contributor("org_a")], ["#/contributors/1/organisation_id"]),
    ],
)
def test_shares_that_cannot_be_are_faults(contributors, pointers):
    faults = contributor_faults(contributors, supplier_id="org_own")
    assert [fault.pointer for fault in faults] == pointers


def terms(**changes):
    content = {"name": "n", "contributors": [contributor("org_a")], "summary": "s", **changes}
    return contribution_terms(
        identity={"version_id": "ver_1"}, content=content, plans=[], contributor_id="org_a"
    )


def test_shares_and_name_are_agreed_to_and_other_words_are_not():
    first = contribution_hash(terms())
    assert contribution_hash(terms(summary="t")) == first
    assert contribution_hash(terms(name="m")) != first
    assert contribution_hash(terms(contributors=[contributor("org_a", 2_501)])) != first
