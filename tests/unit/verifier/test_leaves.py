"""Leaves: what is a leaf, and that the fast reader of calls agrees with the general one."""

import json

import pytest
from counterfoil_verify.errors import Rejected
from counterfoil_verify.fields import parse_instant
from counterfoil_verify.leaves import call_fields, lane_point, match_call, parse_call, parse_leaf

from tests.vectors.primitives import canonical


@pytest.fixture
def call_entry(exchange):
    return exchange.entries[exchange.lanes["lic_a"][0].calls[1]["index"]]


def changed(entry, **members):
    return canonical({**json.loads(entry), **members})


def test_the_fast_reader_captures_what_the_general_one_reads(call_entry):
    assert match_call(call_entry).groups() == call_fields(parse_leaf(call_entry))


def test_every_call_of_the_exchange_is_read_fast(exchange):
    calls = [entry for entry in exchange.entries if b'"type":"call"' in entry]
    assert calls
    assert all(match_call(entry) for entry in calls)


def flips(entry):
    for position in range(len(entry)):
        for pattern in (0x01, 0x02, 0x10, 0x20, 0x80):
            flipped = bytearray(entry)
            flipped[position] ^= pattern
            yield bytes(flipped)


def names_a_day(match):
    try:
        parse_instant(match.groups()[1].decode(), "at", "at")
    except Rejected:
        return False
    return True


def test_whatever_the_fast_reader_takes_the_general_one_reads_the_same(call_entry):
    taken = [match for match in map(match_call, flips(call_entry)) if match and names_a_day(match)]
    assert len(taken) > 100
    for match in taken:
        assert call_fields(parse_leaf(match.group())) == match.groups()


@pytest.mark.parametrize(
    "members",
    [
        {"further": "member"},
        {"outcome": "成都"},
        {"licence": 'quo"te'},
        {"total_units": 2**53 - 1},
        {"total_amount": str(2**63 - 1)},
    ],
)
def test_an_unusual_call_goes_the_slow_way_and_is_read_all_the_same(call_entry, members):
    entry = changed(call_entry, **members)
    assert match_call(entry) is None
    assert len(call_fields(parse_leaf(entry))) == len(match_call(call_entry).groups())


@pytest.mark.parametrize(
    "members",
    [
        {"v": 2}, {"blind": "AB" * 16}, {"blind": "ab"}, {"at": "2026-11-20 08:00:00Z"},
        {"at": "2026-02-30T00:00:00.000000Z"}, {"x": -1}, {"x": 2**53}, {"x": None}, {"x": True},
        {"x": ["y", {"成": 1}]}, {"type": 1},
    ],
)  # fmt: skip
def test_a_leaf_out_of_form_is_rejected(call_entry, members):
    with pytest.raises(Rejected) as failure:
        parse_leaf(changed(call_entry, **members))
    assert failure.value.step == "leaves"


@pytest.mark.parametrize(
    "members",
    [
        {"n": 0}, {"amount": "01"}, {"amount": 1}, {"total_amount": str(2**63)}, {"units": "1"},
        {"previous": "ab"}, {"request": "AB" * 32}, {"lane": "1"}, {"licence": 7}, {"type": "x"},
    ],
)  # fmt: skip
def test_a_call_out_of_form_is_rejected(call_entry, members):
    with pytest.raises(Rejected):
        parse_call(parse_leaf(changed(call_entry, **members)))


def test_a_lane_begins_at_number_and_totals_zero(exchange):
    point = lane_point(parse_leaf(exchange.entries[1]))
    assert (point.licence, point.lane, point.n) == ("lic_a", 1, 0)
    assert (point.total_units, point.total_amount) == (0, 0)


def test_other_leaves_are_no_points_of_a_lane(exchange):
    with pytest.raises(Rejected):
        lane_point(parse_leaf(exchange.entries[0]))
