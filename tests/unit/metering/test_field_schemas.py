"""Input is typed and refused with pointers; answers are checked and narrowed."""

from datetime import UTC, datetime

import pytest

from app.core.errors import InvalidFields
from metering.answers.field_schemas import (
    EVENT_TIMES_MAX,
    AnswerSchema,
    FieldNotReadable,
    RequestSchema,
)


def one(kind, **rules):
    return RequestSchema([{"name": "a", "type": kind, "required": True} | rules])


@pytest.mark.parametrize(
    ("kind", "given", "typed"),
    [
        ("string", "x", "x"),
        ("integer", "7", 7),
        ("integer", -7, -7),
        ("decimal", "0.10", "0.10"),
        ("decimal", 1, "1"),
        ("decimal", 1e-7, "0.0000001"),
        ("boolean", "true", True),
        ("boolean", False, False),
        ("date", "2026-11-20", "2026-11-20"),
        ("timestamp", "2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
    ],
    ids=range(10),
)
def test_a_value_takes_its_type(kind, given, typed):
    read = one(kind).read({"a": given})["a"]
    assert (read, type(read)) == (typed, type(typed))


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("string", 1),
        ("string", "a\x00"),
        ("string", "\ud800"),
        ("string", "x" * 5000),
        ("integer", "1.0"),
        ("integer", True),
        ("integer", "9" * 17),
        ("integer", 2**53),
        ("decimal", "1e5"),
        ("decimal", float("inf")),
        ("decimal", True),
        ("boolean", "yes"),
        ("boolean", []),
        ("date", "2026-02-30"),
        ("timestamp", "2026-11-20T08:00:00"),
        ("string", {"a": 1}),
    ],
    ids=range(16),
)
def test_a_value_of_another_form_is_refused(kind, given):
    with pytest.raises(InvalidFields) as refusal:
        one(kind).read({"a": given})
    assert [error["pointer"] for error in refusal.value.facts["errors"]] == ["#/a"]


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"max_length": 3}, "abc", "abcd"),
        ({"pattern": "[A-Z]{3}"}, "PVG", "pvg"),
        ({"coded_values": [{"code": "01"}, {"code": "02"}]}, "01", "03"),
    ],
    ids=["length", "pattern", "codes"],
)
def test_a_fields_own_rules_hold(rules, good, bad):
    schema = one("string", **rules)
    assert schema.read({"a": good}) == {"a": good}
    with pytest.raises(InvalidFields):
        schema.read({"a": bad})


def test_bounds_hold():
    schema = one("decimal", minimum="0.5", maximum="2")
    assert schema.read({"a": "0.5"}) == {"a": "0.5"}
    for bad in ("0.49", "2.01"):
        with pytest.raises(InvalidFields):
            schema.read({"a": bad})


def test_every_complaint_is_told_and_no_value_is():
    schema = RequestSchema([{"name": "a", "type": "integer", "required": True}])
    with pytest.raises(InvalidFields) as refusal:
        schema.read({"secret/x": "hidden"})
    errors = refusal.value.facts["errors"]
    assert [error["pointer"] for error in errors] == ["#/secret~1x", "#/a"]
    assert "hidden" not in str(errors)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"pattern": "[A-Z]{3}"}, "of the pattern [A-Z]{3}"),
        ({"coded_values": [{"code": "B"}, "A"]}, "one of the codes A, B"),
        ({"coded_values": [f"{code:02}" for code in range(30)]}, "18, 19 and others"),
    ],
    ids=["pattern", "codes", "many-codes"],
)
def test_a_complaint_names_the_rule_that_was_broken(rule, words):
    with pytest.raises(InvalidFields) as refusal:
        one("string", **rule).read({"a": "pvg"})
    assert words in refusal.value.facts["errors"][0]["detail"]


@pytest.mark.parametrize(
    "field",
    [
        {},
        {"name": "a"},
        {"name": "a", "type": "blob"},
        {"name": "a", "type": "string", "pattern": "("},
    ],
    ids=["empty", "no-type", "type", "pattern"],
)
def test_a_definition_that_cannot_be_enforced_is_refused(field):
    with pytest.raises(FieldNotReadable):
        RequestSchema([field])


OUT = [{"name": "a", "type": "integer", "required": True}, {"name": "b", "type": "string"}]


def test_an_answer_is_narrowed_to_listed_and_licensed_fields():
    schema = AnswerSchema(OUT)
    document = {"a": 1, "b": "x", "internal": "y"}
    assert schema.mismatch(document, is_hit=True) is None
    assert schema.project(document, None) == {"a": 1, "b": "x"}
    assert schema.project([document], frozenset({"b"})) == [{"b": "x"}]


def test_rows_are_narrowed_where_they_are():
    schema = AnswerSchema(OUT, ("data", "items"))
    document = {"data": {"items": [{"a": 1, "z": 2}], "secret": 1}, "other": 2}
    assert schema.project(document, None) == {"data": {"items": [{"a": 1}]}}


def test_a_mismatch_names_the_field_and_not_the_value():
    schema = AnswerSchema(OUT)
    assert schema.mismatch({"b": "x"}, is_hit=True) == "a is missing"
    assert schema.mismatch({"b": "x"}, is_hit=False) is None
    assert (
        schema.mismatch({"a": "private"}, is_hit=True)
        == "a is not a whole number, at most 4096 characters"
    )
    assert schema.mismatch([1], is_hit=True) == "a record is not an object"


DATED = [{"name": "at", "type": "timestamp", "event_time": True}, {"name": "b", "type": "string"}]


def test_an_answer_is_as_new_as_the_newest_of_its_first_records():
    schema = AnswerSchema(DATED, ("items",))
    rows = [{"at": f"2026-11-{day:02}T08:00:00+08:00"} for day in (3, 20, 1)]
    assert schema.event_at({"items": rows}) == datetime(2026, 11, 20, tzinfo=UTC)
    late = [{"at": "2026-11-01T00:00:00Z"}] * EVENT_TIMES_MAX + rows
    assert schema.event_at({"items": late}) == datetime(2026, 11, 1, tzinfo=UTC)


def test_a_day_begins_in_china():
    schema = AnswerSchema([{"name": "on", "type": "date", "event_time": True}])
    assert schema.event_at({"on": "2026-11-20"}) == datetime(2026, 11, 19, 16, tzinfo=UTC)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-12:00"])
def test_a_placeholder_at_the_ends_of_the_calendar_is_no_event(at):
    assert AnswerSchema(DATED).event_at({"at": at}) is None


def test_an_answer_without_its_time_is_not_dated():
    assert AnswerSchema(DATED).event_at({"b": "x"}) is None
    assert AnswerSchema(DATED).event_at({"at": None}) is None
    assert AnswerSchema(OUT).event_at({"a": 1}) is None
