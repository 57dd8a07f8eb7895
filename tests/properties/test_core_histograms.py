"""Buckets that grow with what they count: in order, without gaps, an eighth wide at most."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.histograms import (
    BUCKET_MAX,
    VALUE_MAX,
    bucket_of,
    lower_of,
    quantile,
    surely_above,
    total,
    upper_of,
)

VALUES = st.integers(0, VALUE_MAX)


@given(VALUES)
def test_a_value_lies_within_its_bucket(value):
    bucket = bucket_of(value)
    assert lower_of(bucket) <= value <= upper_of(bucket)
    assert upper_of(bucket) - value <= value / 8
    assert bucket <= BUCKET_MAX


@given(st.integers(0, BUCKET_MAX - 8))
def test_buckets_follow_each_other_without_a_gap(bucket):
    assert upper_of(bucket) + 1 == lower_of(bucket + 1)
    assert bucket_of(lower_of(bucket)) == bucket_of(upper_of(bucket)) == bucket


@given(st.lists(VALUES, min_size=1), st.integers(1, 100))
def test_a_quantile_is_the_exact_one_or_an_eighth_more(values, per_cent):
    exact = sorted(values)[-(-len(values) * per_cent // 100) - 1]
    found = quantile(Counter(map(bucket_of, values)), per_cent)
    assert exact <= found <= exact + exact / 8


@given(st.lists(VALUES), VALUES)
def test_what_is_surely_above_is_above(values, limit):
    counts = Counter(map(bucket_of, values))
    assert surely_above(counts, limit) <= sum(value > limit for value in values)
    assert surely_above(counts, 0) == sum(value > 0 for value in values)
    assert total(counts) == len(values)


@pytest.mark.parametrize(("value", "bucket"), [(-5, 0), (2**60, bucket_of(VALUE_MAX))])
def test_what_lies_beyond_counts_with_the_last(value, bucket):
    assert bucket_of(value) == bucket


def test_of_nothing_there_is_no_quantile():
    assert quantile({}, 95) is None
    assert quantile({3: 0}, 95) is None
