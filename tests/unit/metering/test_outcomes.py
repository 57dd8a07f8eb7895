"""Outcomes are decided by the listing's rule, which is data and never code."""

import pytest

from metering.answers.outcome_rules import RuleNotReadable, read_rule
from metering.answers.outcomes import Outcome, OutcomeKind, classify_body, classify_status, weigh


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, OutcomeKind.MISS),
        (400, OutcomeKind.CLIENT_ERROR),
        (422, OutcomeKind.CLIENT_ERROR),
        (401, OutcomeKind.UPSTREAM_ERROR),
        (429, OutcomeKind.UPSTREAM_ERROR),
        (301, OutcomeKind.UPSTREAM_ERROR),
        (500, OutcomeKind.UPSTREAM_ERROR),
    ],
)
def test_a_status_alone_can_decide(status, kind):
    outcome = classify_status(status)
    assert outcome is not None
    assert outcome.kind is kind


def test_success_is_decided_by_the_body():
    assert classify_status(200) is None


CODED = {"hit": {"field": "/code", "equals": "01"}, "miss": {"field": "/code", "equals": "02"}}


@pytest.mark.parametrize(
    ("rule", "body", "kind", "units"),
    [
        ({}, {"a": 1}, OutcomeKind.HIT, 1),
        ({}, [1, 2], OutcomeKind.HIT, 2),
        ({}, {}, OutcomeKind.MISS, 0),
        ({}, None, OutcomeKind.MISS, 0),
        ({"hit": {"field": "/code", "equals": "01"}}, {"code": "01"}, OutcomeKind.HIT, 1),
        ({"hit": {"field": "/code", "equals": "01"}}, {"code": "02"}, OutcomeKind.MISS, 0),
        ({"hit": {"field": "/code", "equals": 1}}, {"code": True}, OutcomeKind.MISS, 0),
        ({"hit": {"field": "/a/0", "in": [1, 2]}}, {"a": [2]}, OutcomeKind.HIT, 1),
        ({"miss": {"field": "/found", "equals": False}}, {"found": False}, OutcomeKind.MISS, 0),
        ({"rows": "/items"}, {"items": [1, 2, 3]}, OutcomeKind.ROWS, 3),
        ({"rows": "/items"}, {"items": []}, OutcomeKind.MISS, 0),
        ({"rows": "/items"}, {"other": []}, OutcomeKind.SCHEMA_MISMATCH, 0),
        ({"rows": "/items", "rows_max": 2}, {"items": [1, 2, 3]}, OutcomeKind.SCHEMA_MISMATCH, 0),
        ({"rows_max": 2}, [1, 2, 3], OutcomeKind.SCHEMA_MISMATCH, 0),
        ({"rows_max": 3}, [1, 2, 3], OutcomeKind.HIT, 3),
        ({"rows": "/a/1/b"}, {"a": [0, {"b": [1]}]}, OutcomeKind.ROWS, 1),
    ],
    ids=range(16),
)
def test_a_rule_decides_hit_miss_and_rows(rule, body, kind, units):
    outcome = classify_body(read_rule(rule), body)
    assert (outcome.kind, outcome.units) == (kind, units)


@pytest.mark.parametrize(
    ("condition", "body", "holds"),
    [
        ({"field": "/n", "at_least": 3}, {"n": 3}, True),
        ({"field": "/n", "at_least": 3}, {"n": 2}, False),
        ({"field": "/n", "at_least": 3, "at_most": 4}, {"n": 5}, False),
        ({"field": "/n", "at_least": 0}, {"n": True}, False),
        ({"field": "/n", "at_least": 0}, {"n": 1.5}, False),
        ({"field": "/n", "at_least": 0}, {}, False),
        ({"field": "/n", "is_present": True}, {"n": None}, False),
        ({"field": "/n", "is_present": True}, {"n": 0}, True),
        ({"field": "/n", "is_present": False}, {}, True),
        ({"not": {"field": "/n", "equals": 1}}, {"n": 2}, True),
        (
            {"all": [{"field": "/a", "equals": 1}, {"field": "/b", "equals": 2}]},
            {"a": 1, "b": 3},
            False,
        ),
        (
            {"any": [{"field": "/a", "equals": 1}, {"field": "/b", "equals": 2}]},
            {"a": 0, "b": 2},
            True,
        ),
        ({"field": "/a/01", "equals": 1}, {"a": [0, 1]}, False),
        ({"field": "/a/99999999999", "equals": 1}, {"a": [0, 1]}, False),
        ({"field": "/a~1b/~0", "equals": 1}, {"a/b": {"~": 1}}, True),
    ],
    ids=range(15),
)
def test_conditions_compare_with_their_type(condition, body, holds):
    kind = classify_body(read_rule({"hit": condition}), body | {"x": 0}).kind
    assert kind is (OutcomeKind.HIT if holds else OutcomeKind.MISS)


def test_a_failure_that_the_rule_names_is_the_suppliers_and_one_of_the_input_the_buyers():
    rule = read_rule(
        CODED
        | {
            "failure": {"field": "/code", "in": ["90", "99"]},
            "client_error": {"field": "/code", "equals": "40"},
        }
    )
    kinds = {code: classify_body(rule, {"code": code}).kind for code in ("01", "02", "40", "99")}
    assert kinds == {
        "01": OutcomeKind.HIT,
        "02": OutcomeKind.MISS,
        "40": OutcomeKind.CLIENT_ERROR,
        "99": OutcomeKind.UPSTREAM_ERROR,
    }


def test_where_several_conditions_hold_failure_goes_before_error_miss_and_hit():
    names = ["failure", "client_error", "miss", "hit"]
    kinds = [
        OutcomeKind.UPSTREAM_ERROR,
        OutcomeKind.CLIENT_ERROR,
        OutcomeKind.MISS,
        OutcomeKind.HIT,
    ]
    for first, kind in enumerate(kinds):
        rule = {name: {"field": "/code", "equals": "01"} for name in reversed(names[first:])}
        assert classify_body(read_rule(rule), {"code": "01"}).kind is kind


@pytest.mark.parametrize(
    ("otherwise", "kind"),
    [
        ({}, OutcomeKind.SCHEMA_MISMATCH),
        ({"otherwise": "failure"}, OutcomeKind.SCHEMA_MISMATCH),
        ({"otherwise": "miss"}, OutcomeKind.MISS),
        ({"otherwise": "hit"}, OutcomeKind.HIT),
    ],
)
def test_an_outcome_that_no_condition_describes_is_what_the_rule_says_or_free(otherwise, kind):
    assert classify_body(read_rule(CODED | otherwise), {"code": "03"}).kind is kind


def test_without_a_miss_what_is_no_hit_is_a_miss_and_without_both_emptiness_decides():
    hit_only = {"hit": {"field": "/code", "equals": "01"}}
    assert classify_body(read_rule(hit_only), {"code": "03"}).kind is OutcomeKind.MISS
    assert classify_body(read_rule(hit_only | {"otherwise": "hit"}), {}).kind is OutcomeKind.HIT
    miss_only = {"miss": {"field": "/code", "equals": "02"}}
    assert classify_body(read_rule(miss_only), {"code": "03"}).kind is OutcomeKind.HIT


def measured(units, body, units_max=100, **rule):
    return classify_body(read_rule({"units": units, "units_max": units_max} | rule), body)


@pytest.mark.parametrize(
    ("units", "body", "count"),
    [
        ({"measure": "count", "at": "/images"}, {"images": ["a", "b"]}, 2),
        ({"measure": "count", "at": "/sentences"}, {"sentences": list(range(100))}, 100),
        ({"measure": "integer", "at": "/usage/seconds"}, {"usage": {"seconds": 61}}, 61),
        ({"measure": "integer", "at": "/ms", "per": 1000}, {"ms": 1001}, 2),
        ({"measure": "integer", "at": "/ms", "per": 1000}, {"ms": 1000}, 1),
        ({"measure": "text_length", "at": "/text"}, {"text": "数据交易"}, 4),
    ],
)
def test_units_are_measured_from_the_answer(units, body, count):
    assert measured(units, body) == Outcome(OutcomeKind.UNITS, count)


def test_units_of_rows_are_added_up():
    units = {"measure": "sum", "at": "/seconds", "per": 60}
    body = {"items": [{"seconds": 50}, {"seconds": 20}]}
    assert measured(units, body, rows="/items") == Outcome(OutcomeKind.UNITS, 2)
    body["items"].append({"seconds": "20"})
    assert measured(units, body, rows="/items").kind is OutcomeKind.SCHEMA_MISMATCH


@pytest.mark.parametrize(
    ("units", "body"),
    [
        ({"measure": "count", "at": "/images"}, {"images": 2}),
        ({"measure": "integer", "at": "/n"}, {"n": -1}),
        ({"measure": "integer", "at": "/n"}, {"n": True}),
        ({"measure": "integer", "at": "/n"}, {"n": 1.0}),
        ({"measure": "integer", "at": "/n"}, {"n": 101}),
        ({"measure": "integer", "at": "/n"}, {"n": 10**400}),
        ({"measure": "integer", "at": "/n"}, {"other": 1}),
        ({"measure": "text_length", "at": "/t"}, {"t": ["a"]}),
    ],
    ids=["no-array", "negative", "boolean", "float", "over", "huge", "missing", "no-text"],
)
def test_what_cannot_be_measured_or_exceeds_the_maximum_breaks_the_listing(units, body):
    outcome = measured(units, body)
    assert outcome.kind is OutcomeKind.SCHEMA_MISMATCH
    assert outcome.reason


def test_nothing_measured_is_a_miss():
    assert measured({"measure": "integer", "at": "/n"}, {"n": 0}).kind is OutcomeKind.MISS


def test_bytes_are_those_that_the_buyer_gets():
    rule = read_rule({"units": {"measure": "bytes", "per": 1024}, "units_max": 2})
    outcome = classify_body(rule, {"a": 1})
    assert weigh(rule, outcome, 1025) == Outcome(OutcomeKind.UNITS, 2)
    assert weigh(rule, outcome, 2048) == Outcome(OutcomeKind.UNITS, 2)
    assert weigh(rule, outcome, 2049).kind is OutcomeKind.SCHEMA_MISMATCH
    assert weigh(read_rule({}), Outcome(OutcomeKind.HIT, 1), 9999) == Outcome(OutcomeKind.HIT, 1)


def nested(depth):
    return {"not": nested(depth - 1)} if depth else {"field": "/a", "equals": 1}


CONDITION = {"field": "/a", "equals": 1}


@pytest.mark.parametrize(
    "rule",
    [
        {"rows": "items"},
        {"rows": 5},
        {"rows": "/a" * 17},
        {"hit": "01"},
        {"hit": {"field": "/a"}},
        {"hit": {"field": "/a", "equals": 1, "in": [1]}},
        {"hit": {"field": "/a", "equals": 1.5}},
        {"hit": {"field": "/a", "in": "abc"}},
        {"hit": {"field": "/a", "matches": ".*"}},
        {"hit": {"field": "/a", "at_least": "1"}},
        {"hit": {"field": "/a", "is_present": 1}},
        {"hit": {"all": []}},
        {"hit": {"all": [None]}},
        {"hit": {"eval": "1"}},
        {"hit": {"all": [CONDITION], "any": [CONDITION]}},
        {"hit": nested(6)},
        {"hit": {"all": [CONDITION] * 40}},
        {"otherwise": "maybe"},
        {"rows_max": 0},
        {"rows_max": True},
        {"units": {"measure": "count", "at": "/a"}},
        {"units": {"measure": "count"}, "units_max": 1},
        {"units": {"measure": "bytes", "at": "/a"}, "units_max": 1},
        {"units": {"measure": "sum", "at": "/a"}, "units_max": 1},
        {"units": {"measure": "weight", "at": "/a"}, "units_max": 1},
        {"units": {"measure": "count", "at": "/a", "per": 0}, "units_max": 1},
        {"units": 5, "units_max": 1},
    ],
    ids=range(27),
)
def test_a_rule_outside_the_vocabulary_is_refused(rule):
    with pytest.raises(RuleNotReadable):
        read_rule(rule)
