"""Leaves: one canonical form, refused in any other."""

import json

import pytest

from ledger.log.errors import LeafRefused
from ledger.log.tree.leaves import LEAF_BYTES_MAX, make_leaf, read_leaf
from tests.unit.log.log_factory import AT

BLIND = "0" * 32


def leaf(body):
    return make_leaf("registered", body, at=AT, blind=BLIND)


def test_a_leaf_is_its_fact_with_version_type_instant_and_blind():
    made = leaf({"version": "ver_1", "count": 3, "approvers": ["a", "b"], "map": {"k": "v"}})
    assert made == (
        b'{"approvers":["a","b"],"at":"2026-11-20T08:00:00.000000Z",'
        b'"blind":"00000000000000000000000000000000","count":3,"map":{"k":"v"},'
        b'"type":"registered","v":1,"version":"ver_1"}'
    )
    assert read_leaf(made)["count"] == 3


@pytest.mark.parametrize(
    "value", [1.5, True, None, -1, 2**53, b"bytes", {"é": 1}, {"": 1}, {1: 1}, "\ud800", {"a b": 1}]
)
def test_values_that_have_no_one_form_are_refused(value):
    with pytest.raises(LeafRefused):
        leaf({"value": value})


def test_the_largest_integer_that_every_reader_keeps_is_accepted():
    assert read_leaf(leaf({"n": 2**53 - 1}))["n"] == 2**53 - 1


def test_a_leaf_of_2048_bytes_is_accepted_and_one_more_is_refused():
    room = LEAF_BYTES_MAX - len(leaf({"pad": ""}))
    assert len(leaf({"pad": "x" * room})) == LEAF_BYTES_MAX
    with pytest.raises(LeafRefused):
        leaf({"pad": "x" * (room + 1)})


def test_reserved_keys_are_not_the_bodys_to_set():
    with pytest.raises(LeafRefused):
        leaf({"at": "yesterday"})


def test_deep_nesting_is_refused():
    deep = json.loads("[" * 9 + "]" * 9)
    with pytest.raises(LeafRefused):
        leaf({"value": deep})


@pytest.mark.parametrize("entry_type", ["", "X", "with space", "_", "a" * 65])
def test_a_type_is_a_short_lower_case_word(entry_type):
    with pytest.raises(LeafRefused):
        make_leaf(entry_type, {}, at=AT, blind=BLIND)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"v":1}',
        b'{"v":2,"type":"ok","at":"x","blind":"y"}',
        b"[" * 5000,
        b"x" * 3000,
        leaf({"a": 1}).replace(b'"a":1', b'"a": 1'),
        leaf({"a": 1}).replace(b'"a":1', b'"a":1,"a":1'),
        leaf({"a": 1}).replace(b'"a":1', b'"a":1.0'),
        leaf({"a": "b"}).replace(b'"b"', b'"\\u0062"'),
        leaf({"a": 1}) + b"\n",
    ],
)
def test_bytes_in_another_form_are_refused(raw):
    with pytest.raises(LeafRefused):
        read_leaf(raw)
