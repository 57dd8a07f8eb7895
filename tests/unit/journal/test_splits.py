"""Splits: exact, and the same however calls are batched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.books.splits import (
    SplitIsWrong,
    added_shares,
    check_split,
    contributors,
    shares,
    unwound_shares,
)

SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}


COMPOSITE = {
    "supplier": 4000,
    "supplier:org_a": 2000,
    "supplier:org_b": 2400,
    "commission": 1000,
    "tax": 600,
}


@st.composite
def splits(draw):
    others = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=5))
    names = ["tax", *(f"supplier:org_{name}" for name in others), "supplier", "commission"]
    cuts = sorted(draw(st.integers(0, 10_000)) for _ in names[1:])
    edges = [0, *cuts, 10_000]
    return {name: edges[i + 1] - edges[i] for i, name in enumerate(names)}


def test_forty_fen_are_shared_by_basis_points():
    assert shares(40_000_000, SPLIT) == {
        "supplier": 33_600_000,
        "commission": 4_000_000,
        "tax": 2_400_000,
    }


def test_the_last_unit_goes_to_the_largest_remainder():
    assert shares(1, SPLIT) == {"supplier": 1, "commission": 0, "tax": 0}


@pytest.mark.parametrize(
    "split",
    [
        {"supplier": 10_000},
        {"supplier": 9000, "commission": 500, "tax": 400},
        {"supplier": 10_100, "commission": -100, "tax": 0},
        {"supplier": 8000, "commission": 1000, "tax": 600, "referrer": 400},
        {"supplier": 8000, "commission": 1000, "tax": 600, "supplier:": 400},
        {"supplier:org_a": 8000, "commission": 1000, "tax": 1000},
        {
            "supplier": 8384,
            "commission": 1000,
            "tax": 599,
            **{f"supplier:{n}": 1 for n in range(17)},
        },
    ],
)
def test_a_split_that_is_not_whole_is_refused(split):
    with pytest.raises(SplitIsWrong):
        check_split(split)


def test_further_suppliers_come_behind_the_first_by_id_and_decide_ties():
    turned = dict(reversed(COMPOSITE.items()))
    assert list(check_split(turned)) == list(COMPOSITE)
    assert contributors(turned) == ["org_a", "org_b"]
    halves = {"tax": 0, "supplier:b": 5000, "supplier:a": 5000, "supplier": 0, "commission": 0}
    assert shares(1, halves)["supplier:a"] == 1


def test_the_order_in_which_a_split_was_stored_does_not_matter():
    turned = dict(reversed(SPLIT.items()))
    assert [shares(n, turned) for n in range(50)] == [shares(n, SPLIT) for n in range(50)]


@given(splits(), st.lists(st.integers(0, 10**12), max_size=12), st.data())
def test_any_batching_ends_in_the_same_parts(split, amounts, data):
    cut = data.draw(st.integers(0, len(amounts)))
    one_by_one = dict.fromkeys(split, 0)
    total = 0
    for amount in amounts:
        for part, gained in added_shares(amount, total, split).items():
            one_by_one[part] += gained
        total += amount
    head, tail = sum(amounts[:cut]), sum(amounts[cut:])
    first, second = added_shares(head, 0, split), added_shares(tail, head, split)
    assert one_by_one == {part: first[part] + second[part] for part in split}
    assert one_by_one == shares(total, split)


@given(splits(), st.integers(0, 10**15), st.integers(0, 10**12))
def test_parts_conserve_the_amount_and_stay_within_a_unit_of_their_proportion(
    split, before, amount
):
    gained = added_shares(amount, before, split)
    assert sum(gained.values()) == amount
    for part, units in gained.items():
        assert abs(units * 10_000 - amount * split[part]) < 2 * 10_000


@given(splits(), st.integers(0, 10**12), st.integers(0, 10**12), st.data())
def test_credits_of_a_charge_take_back_exactly_what_it_gave(split, before, charged, data):
    gave = added_shares(charged, before, split)
    taken = dict.fromkeys(split, 0)
    credited = 0
    while credited < charged:
        most = charged - credited
        amount = most if most < 10 else data.draw(st.integers(1, most))
        parts = unwound_shares(
            amount, charged=charged, credited=credited, total_before=before, split=split
        )
        assert sum(parts.values()) == amount
        taken = {part: taken[part] + parts[part] for part in split}
        credited += amount
    assert taken == (gave if charged else dict.fromkeys(split, 0))


@given(splits(), st.integers(0, 10**12), st.integers(0, 100), st.integers(0, 100))
def test_after_a_credit_everybody_has_what_a_smaller_charge_would_have_given(
    split, before, kept, credited
):
    charged = kept + credited
    gave = added_shares(charged, before, split)
    taken = unwound_shares(credited, charged=charged, credited=0, total_before=before, split=split)
    left = {part: gave[part] - taken[part] for part in split}
    assert left == added_shares(kept, before, split)


@pytest.mark.parametrize(("amount", "credited"), [(-1, 0), (101, 0), (51, 50), (1, -1)])
def test_no_more_is_taken_back_than_was_given(amount, credited):
    with pytest.raises(ValueError, match="what is left"):
        unwound_shares(amount, charged=100, credited=credited, total_before=7, split=SPLIT)
