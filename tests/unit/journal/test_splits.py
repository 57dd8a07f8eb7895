"""Splits: exact, and the same however calls are batched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.splits import PARTS, SplitIsWrong, added_shares, check_split, shares

SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}


@st.composite
def splits(draw):
    first = draw(st.integers(0, 10_000))
    second = draw(st.integers(0, 10_000 - first))
    return {"tax": second, "supplier": first, "commission": 10_000 - first - second}


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
    ],
)
def test_a_split_that_is_not_whole_is_refused(split):
    with pytest.raises(SplitIsWrong):
        check_split(split)


def test_the_order_in_which_a_split_was_stored_does_not_matter():
    turned = dict(reversed(SPLIT.items()))
    assert [shares(n, turned) for n in range(50)] == [shares(n, SPLIT) for n in range(50)]


@given(splits(), st.lists(st.integers(0, 10**12), max_size=12), st.data())
def test_any_batching_ends_in_the_same_parts(split, amounts, data):
    cut = data.draw(st.integers(0, len(amounts)))
    one_by_one = dict.fromkeys(PARTS, 0)
    total = 0
    for amount in amounts:
        for part, gained in added_shares(amount, total, split).items():
            one_by_one[part] += gained
        total += amount
    head, tail = sum(amounts[:cut]), sum(amounts[cut:])
    first, second = added_shares(head, 0, split), added_shares(tail, head, split)
    assert one_by_one == {part: first[part] + second[part] for part in PARTS}
    assert one_by_one == shares(total, split)


@given(splits(), st.integers(0, 10**15), st.integers(0, 10**12))
def test_parts_conserve_the_amount_and_stay_within_a_unit_of_their_proportion(
    split, before, amount
):
    gained = added_shares(amount, before, split)
    assert sum(gained.values()) == amount
    for part, units in gained.items():
        assert abs(units * 10_000 - amount * split[part]) < 2 * 10_000
