"""Outcomes are decided by the listing's rule, which is data and never code."""

import pytest

from metering.outcomes import (
    OutcomeKind,
    RuleNotReadable,
    classify_body,
    classify_status,
    read_rule,
)


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


@pytest.mark.parametrize(
    ("rule", "body", "kind", "rows"),
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
    ],
    ids=range(13),
)
def test_a_rule_decides_hit_miss_and_rows(rule, body, kind, rows):
    outcome = classify_body(read_rule(rule), body)
    assert (outcome.kind, outcome.rows) == (kind, rows)


@pytest.mark.parametrize(
    "rule",
    [{"rows": "items"}, {"hit": "01"}, {"rows_max": 0}, {"rows_max": True}],
    ids=["no-pointer", "no-condition", "zero", "boolean"],
)
def test_a_rule_outside_the_vocabulary_is_refused(rule):
    with pytest.raises(RuleNotReadable):
        read_rule(rule)
