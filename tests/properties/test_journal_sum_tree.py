"""The sum tree: every row is inside the totals, and no other row, sum or place is believed."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.settlement.sum_tree import (
    ROWS_MAX,
    Row,
    SumNode,
    SumProof,
    Sums,
    SumsUnfit,
    SumTree,
    join,
    root_hash,
    row_node,
)

AMOUNTS = st.integers(0, 2**62)
SUMS = st.builds(Sums, AMOUNTS, AMOUNTS, AMOUNTS)
ROWS = st.lists(
    st.builds(
        Row, st.text("abcdef", min_size=1, max_size=6), st.binary(min_size=32, max_size=32), SUMS
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row.key,
)


def top_of(row, proof):
    """The top node that a row's path leads to; raises `SumsUnfit` for a path of another form."""
    node, place, width = row_node(row), proof.index, proof.row_count
    siblings = iter(proof.siblings)
    if not 0 <= place < width <= ROWS_MAX:
        raise SumsUnfit
    while width > 1:
        if place ^ 1 < width:
            sibling = next(siblings, None)
            if sibling is None:
                raise SumsUnfit
            node = join(sibling, node) if place & 1 else join(node, sibling)
        place, width = place >> 1, (width + 1) >> 1
    if next(siblings, None) is not None:
        raise SumsUnfit
    return node


def accepts(tree, row, proof):
    try:
        top = top_of(row, proof)
    except SumsUnfit:
        return False
    return top.sums == tree.totals and root_hash(top, proof.row_count) == tree.root_hash


@given(rows=ROWS)
def test_every_row_is_inside_the_totals(rows):
    tree = SumTree(rows)
    assert tree.totals == sum((row.sums for row in rows), Sums())
    for row in rows:
        shown, proof = tree.prove(row.key)
        assert shown == row
        assert accepts(tree, row, proof)


@given(rows=ROWS)
def test_the_order_of_rows_does_not_matter(rows):
    assert SumTree(rows).root_hash == SumTree(reversed(rows)).root_hash


@given(rows=ROWS, column=st.sampled_from(["units", "charged", "credited"]), by=st.integers(1, 99))
def test_another_amount_in_the_row_is_not_believed(rows, column, by):
    tree = SumTree(rows)
    row, proof = tree.prove(rows[0].key)
    other = dataclasses.replace(row.sums, **{column: getattr(row.sums, column) + by})
    assert not accepts(tree, dataclasses.replace(row, sums=other), proof)


@given(rows=ROWS, data=st.data())
def test_another_split_of_the_same_total_is_not_believed(rows, data):
    """The break of trees that hash totals only: 60 + 90 shown to one as 100 + 50."""
    tree = SumTree(rows)
    row, proof = tree.prove(rows[0].key)
    if not proof.siblings:
        return
    place = data.draw(st.integers(0, len(proof.siblings) - 1))
    sibling = proof.siblings[place]
    moved = data.draw(st.integers(1, 100))
    if sibling.sums.charged < moved:
        return
    shrunk = dataclasses.replace(sibling.sums, charged=sibling.sums.charged - moved)
    grown = dataclasses.replace(row.sums, charged=row.sums.charged + moved)
    siblings = (
        *proof.siblings[:place],
        SumNode(sibling.digest, shrunk),
        *proof.siblings[place + 1 :],
    )
    changed = dataclasses.replace(proof, siblings=siblings)
    assert not accepts(tree, dataclasses.replace(row, sums=grown), changed)


@given(rows=ROWS, index=st.integers(0, 60), count=st.integers(0, 60))
def test_another_place_or_number_of_rows_is_not_believed(rows, index, count):
    tree = SumTree(rows)
    row, proof = tree.prove(rows[0].key)
    if (index, count) == (proof.index, proof.row_count):
        return
    assert not accepts(tree, row, SumProof(index, count, proof.siblings))


def test_nothing_negative_enters_a_sum():
    """A hidden −60 would lower the total while every honest row still verifies."""
    with pytest.raises(SumsUnfit):
        Sums(charged=-60)


def test_a_sum_stays_inside_its_width():
    most = Sums(charged=2**128 - 1)
    with pytest.raises(SumsUnfit):
        _ = most + Sums(charged=1)


@pytest.mark.parametrize("keys", [[], ["a", "a"]])
def test_rows_are_there_and_have_keys_of_their_own(keys):
    with pytest.raises(SumsUnfit):
        SumTree(Row(key, bytes(32), Sums()) for key in keys)


def test_a_key_without_row_has_no_proof():
    with pytest.raises(KeyError):
        SumTree([Row("a", bytes(32), Sums())]).prove("b")
