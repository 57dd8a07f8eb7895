"""Outcome rules as data: conditions, what is measured, and the bounds of both."""

import pytest
from marshmallow import ValidationError

from listings.schemas.outcome_rules import OutcomeRuleSchema

FOUND = {"field": "/code", "equals": "01"}


def nested(depth):
    rule = FOUND
    for _ in range(depth):
        rule = {"not": rule}
    return rule


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"hit": FOUND},
        {"hit": {"field": "/code", "in": ["01", None, 3, True]}},
        {"miss": {"field": "", "is_present": False}},
        {"hit": {"field": "/score", "at_least": -5, "at_most": 99}},
        {"failure": {"any": [FOUND, {"not": {"all": [FOUND, FOUND]}}]}, "otherwise": "miss"},
        {"rows": "/items", "rows_max": 10},
        {"units": {"measure": "bytes", "per": 1024}, "units_max": 100},
        {"units": {"measure": "sum", "at": "/seconds"}, "rows": "/clips", "units_max": 3600},
        {"hit": nested(4)},
        {"hit": {"any": [FOUND] * 31}},
    ],
)
def test_a_rule_is_kept_as_it_was_written(rule):
    assert OutcomeRuleSchema().load(rule) == rule
    assert OutcomeRuleSchema().dump(OutcomeRuleSchema().load(rule)) == rule


@pytest.mark.parametrize(
    "rule",
    [
        {"hit": {}},
        {"hit": {"field": "/a"}},
        {"hit": {"equals": 1}},
        {"hit": {"field": "/a", "equals": 1, "at_least": 1}},
        {"hit": {"field": "/a", "equals": 1.5}},
        {"hit": {"field": "/a", "at_least": "1"}},
        {"hit": {"field": "/a", "is_present": "yes"}},
        {"hit": {"field": "a.b", "equals": 1}},
        {"hit": {"field": "/a" * 17, "equals": 1}},
        {"hit": {"all": []}},
        {"hit": {"all": [FOUND], "field": "/a"}},
        {"hit": {"all": [FOUND], "any": [FOUND]}},
        {"hit": {"not": [FOUND]}},
        {"hit": nested(5)},
        {"hit": {"any": [FOUND] * 32}},
        {"hit": {"any": [FOUND] * 20}, "miss": {"any": [FOUND] * 20}},
        {"otherwise": "charge"},
        {"units": {"measure": "count", "at": "/a"}},
        {"units_max": 5},
        {"units": {"measure": "count"}, "units_max": 5},
        {"units": {"measure": "bytes", "at": "/a"}, "units_max": 5},
        {"units": {"measure": "sum", "at": "/a"}, "units_max": 5},
        {"units": {"measure": "price", "at": "/a"}, "units_max": 5},
        {"units": {"measure": "count", "at": "/a", "per": 0}, "units_max": 5},
        {"eval": "1"},
    ],
)
def test_a_rule_that_the_data_plane_could_not_follow_is_refused(rule):
    with pytest.raises(ValidationError):
        OutcomeRuleSchema().load(rule)
