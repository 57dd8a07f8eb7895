"""The declaration of fields and the values that fit them."""

import pytest

from listings.versions.field_rules import fields_faults
from listings.versions.field_values import value_fault

TEXT = {"name": "result", "type": "string"}


def _pointers(*fields):
    return [fault.pointer for fault in fields_faults(fields, "#/f")]


def test_an_ordinary_field_has_no_fault():
    coded = [{"code": "01", "label": "match"}, {"code": "02", "label": "no match"}]
    assert _pointers({**TEXT, "coded_values": coded, "example": "01"}) == []


def test_a_name_stands_once():
    assert _pointers(TEXT, TEXT) == ["#/f/0/name", "#/f/1/name"]


@pytest.mark.parametrize("name", ["", "1a", "a b", "naïve", "a" * 64, "a-b"])
def test_a_name_is_a_plain_identifier(name):
    assert _pointers({**TEXT, "name": name}) == ["#/f/0/name"]


def test_one_field_says_when_it_happened_and_it_is_a_time():
    at = {"name": "at", "type": "timestamp", "event_time": True}
    on = {"name": "on", "type": "date", "event_time": True}
    assert _pointers(at, TEXT) == []
    assert _pointers(at, on) == ["#/f/1/event_time"]
    assert _pointers({**TEXT, "event_time": True}) == ["#/f/0/event_time"]
    assert _pointers({**TEXT, "event_time": False}, at) == []


def test_a_coded_value_stands_once():
    coded = [{"code": "01"}, {"code": "01"}]
    assert _pointers({**TEXT, "coded_values": coded}) == [
        "#/f/0/coded_values/0/code",
        "#/f/0/coded_values/1/code",
    ]


def test_only_text_and_whole_numbers_are_coded():
    assert _pointers({"name": "a", "type": "date", "coded_values": [{"code": "1"}]}) == [
        "#/f/0/coded_values"
    ]


def test_text_rules_are_for_text():
    assert _pointers({"name": "a", "type": "integer", "pattern": "a", "max_length": 3}) == [
        "#/f/0/pattern",
        "#/f/0/max_length",
    ]


def test_a_pattern_that_runs_away_is_refused():
    assert _pointers({**TEXT, "pattern": "(a+)+"}) == ["#/f/0/pattern"]


def test_bounds_are_ordered_decimals_of_numbers():
    assert _pointers({**TEXT, "minimum": "1"}) == ["#/f/0/minimum"]
    number = {"name": "a", "type": "decimal"}
    assert _pointers({**number, "minimum": "NaN"}) == ["#/f/0/minimum"]
    assert _pointers({**number, "minimum": "2", "maximum": "1.5"}) == ["#/f/0/maximum"]
    assert _pointers({**number, "minimum": "-1.5", "maximum": "-1.5"}) == []


def test_an_example_fits_its_field():
    assert _pointers({**TEXT, "max_length": 3, "example": "abcd"}) == ["#/f/0/example"]
    assert _pointers({**TEXT, "pattern": "[0-9]{11}", "example": "138****1234"}) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "string"}, "x"),
        ({"type": "integer"}, -3),
        ({"type": "integer", "minimum": "0", "maximum": "9"}, 9),
        ({"type": "integer", "coded_values": [{"code": "1"}]}, 1),
        ({"type": "decimal"}, "31.1443"),
        ({"type": "boolean"}, False),
        ({"type": "date"}, "2026-11-20"),
        ({"type": "timestamp"}, "2026-11-20T08:00:00Z"),
        ({"type": "string", "coded_values": [{"code": "01"}]}, "*"),
    ],
)
def test_a_value_of_its_type_fits(field, value):
    assert value_fault(field, value) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "string"}, 1),
        ({"type": "string"}, "x" * 1001),
        ({"type": "string", "pattern": "[a-z]"}, "A"),
        ({"type": "string", "coded_values": [{"code": "01"}]}, "1"),
        ({"type": "integer"}, True),
        ({"type": "integer"}, 1.0),
        ({"type": "integer"}, 2**53),
        ({"type": "integer", "coded_values": [{"code": "1"}]}, 2),
        ({"type": "integer", "minimum": "0"}, -1),
        ({"type": "integer", "maximum": "9"}, 10),
        ({"type": "decimal"}, 1.5),
        ({"type": "decimal"}, "1e5"),
        ({"type": "boolean"}, 1),
        ({"type": "date"}, "20.11.2026"),
        ({"type": "date"}, "20261120"),
        ({"type": "timestamp"}, "2026-11-20T08:00:00"),
        ({"type": "string"}, ["x"]),
    ],
)
def test_a_value_that_does_not_fit_is_told_without_being_repeated(field, value):
    fault = value_fault(field, value)
    assert fault
    assert str(value) not in fault or isinstance(value, bool | int)
