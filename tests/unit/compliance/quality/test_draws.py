"""Rows are picked by a value that came after the commitment, evenly, and by anybody alike."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from compliance.quality.draws import SAMPLE_MAX, Beacon, draw_indexes, row_entry

ROOT = "ab" * 32
BEACON = Beacon("exchange.example/log/2026", 4711, "cd" * 32)


@given(st.integers(1, 10**9))
def test_the_drawn_rows_are_distinct_ascending_and_in_the_file(row_total):
    drawn = draw_indexes(ROOT, row_total, BEACON)
    assert drawn == sorted(set(drawn))
    assert len(drawn) == min(row_total, SAMPLE_MAX)
    assert drawn[0] >= 0
    assert drawn[-1] < row_total


def test_a_small_file_is_looked_at_whole():
    assert draw_indexes(ROOT, SAMPLE_MAX, BEACON) == list(range(SAMPLE_MAX))


def test_another_commitment_or_another_checkpoint_draws_other_rows():
    drawn = draw_indexes(ROOT, 100_000, BEACON)
    assert drawn == draw_indexes(ROOT, 100_000, BEACON)
    assert drawn != draw_indexes("ac" * 32, 100_000, BEACON)
    assert drawn != draw_indexes(ROOT, 100_000, Beacon(BEACON.origin, 4712, BEACON.root_hash))


def test_every_part_of_the_file_is_drawn_alike():
    tenths = Counter(
        index // 1000
        for size in range(50)
        for index in draw_indexes(ROOT, 10_000, Beacon("o", size, "cd" * 32))
    )
    assert set(tenths) == set(range(10))
    # 50 draws of 400 of 10,000: 2,000 a tenth; 4 standard deviations are about 170.
    assert all(abs(count - 2000) < 170 for count in tenths.values())


def test_a_row_has_one_writing_whatever_the_order_and_type():
    assert (
        row_entry({"b": 1, "a": None}) == row_entry({"a": None, "b": "1"}) == b'{"a":null,"b":"1"}'
    )
