"""What a listing's form accepts as an outcome rule, the data plane reads, and nothing else."""

import pytest
from marshmallow import ValidationError

from listings.schemas.outcome_rules import OutcomeRuleSchema
from metering.answers.outcome_rules import RuleNotReadable, read_rule

CONDITION = {"field": "/a", "equals": 1}
GOOD = [
    {},
    {"hit": CONDITION, "miss": {"field": "/a", "in": [1, "2", None]}, "otherwise": "miss"},
    {"failure": {"all": [CONDITION, {"not": {"any": [CONDITION]}}]}, "client_error": CONDITION},
    {"hit": {"field": "/a/0/b~1c", "at_least": 1, "at_most": 5}},
    {"hit": {"field": "/a", "is_present": False}},
    {"rows": "/items", "rows_max": 10},
    {"units": {"measure": "bytes", "per": 1024}, "units_max": 4},
    {"rows": "", "units": {"measure": "sum", "at": "/n"}, "units_max": 4},
]
BAD = [
    {"hit": {"field": "a", "equals": 1}},
    {"hit": {"field": "/a"}},
    {"hit": {"all": []}},
    {"hit": {"field": "/a", "equals": 1.5}},
    {"otherwise": "perhaps"},
    {"rows_max": 0},
    {"units": {"measure": "count", "at": "/a"}},
    {"units": {"measure": "sum", "at": "/a"}, "units_max": 1},
    {"units": {"measure": "bytes", "at": "/a"}, "units_max": 1},
    {"hit": {"not": {"not": {"not": {"not": {"not": {"not": CONDITION}}}}}}},
]


@pytest.mark.parametrize("rule", GOOD, ids=range(len(GOOD)))
def test_what_the_form_accepts_the_data_plane_reads(rule):
    read_rule(OutcomeRuleSchema().load(rule))


@pytest.mark.parametrize("rule", BAD, ids=range(len(BAD)))
def test_what_the_data_plane_cannot_read_the_form_refuses(rule):
    with pytest.raises(RuleNotReadable):
        read_rule(rule)
    with pytest.raises(ValidationError):
        OutcomeRuleSchema().load(rule)
