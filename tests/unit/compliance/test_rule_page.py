"""The page of the rules is what the data says, and the difference of two sets is told."""

from pathlib import Path

from compliance.rules import rule_set
from compliance.rules.rule_page import changes, render

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"


def test_the_page_of_the_rules_is_written_from_the_data():
    assert PAGE.read_text(encoding="utf-8") == render(rule_set.current())


def test_the_change_of_two_rule_sets_names_each_rule():
    first, second = rule_set.published()[:2]
    told = {each["rule_id"]: each for each in changes(first, second)}
    assert told["X2"] == {"rule_id": "X2", "change": "added", "members": []}
    assert "parameters" in told["P2"]["members"]
    assert changes(second, second) == []
    back = {each["rule_id"]: each["change"] for each in changes(second, first)}
    assert back["X2"] == "removed"
