"""Arrays in PostgreSQL's wire format: what the server reads is what was given."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.binary_arrays import bigint_array, bytea_array, text_array


def read(wire, element):
    """The elements of an array as the protocol defines it."""
    dimensions, _, found = struct.unpack_from("!iiI", wire)
    assert found == element
    if not dimensions:
        assert len(wire) == 12
        return []
    count, first = struct.unpack_from("!ii", wire, 12)
    assert (dimensions, first) == (1, 1)
    elements, at = [], 20
    for _ in range(count):
        (length,) = struct.unpack_from("!i", wire, at)
        at += 4
        elements.append(None if length < 0 else wire[at : at + length])
        at += max(length, 0)
    assert at == len(wire)
    return elements


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_are_utf8(values):
    found = read(text_array(values).wire, 25)
    assert [None if part is None else part.decode() for part in found] == values


@given(st.lists(st.text(st.characters(codec="ascii"), min_size=100, max_size=200), min_size=1))
def test_texts_around_the_longest_that_is_written_the_short_way(values):
    assert [part.decode() for part in read(text_array(values).wire, 25)] == values


@given(st.lists(st.none() | st.binary()))
def test_bytes_are_themselves(values):
    assert read(bytea_array(values).wire, 17) == values


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)))
def test_integers_have_eight_bytes(values):
    found = read(bigint_array(values).wire, 20)
    assert [None if part is None else struct.unpack("!q", part)[0] for part in found] == values


def test_an_integer_beyond_64_bits_is_refused():
    with pytest.raises(struct.error):
        bigint_array([2**63])
