"""Templates of declared uses: whole, in two languages, and filled by what the buyer says first."""

import pytest

from compliance.review.scenario_templates import filled, find_template, list_templates, table
from compliance.schemas.scenarios import SubmitScenarioSchema
from compliance.terms.purposes import PARENTS
from tests.factories.compliance import TEMPLATE

IDS = [each["id"] for each in table()["templates"]]
OWN = {
    "listing_code": "1000000001-0123456789",
    "sector": "TRANSPORT",
    "regions": ["31"],
    "calls_max": 10,
    "calls_per_second": 1,
    "starts_at": "2026-12-01T00:00:00.000000Z",
    "recipients": [],
}
FIELDS = [{"name": "name", "reason": "Shown."}]


def test_each_purpose_that_is_no_branch_has_one_template_and_other_has_none():
    leaves = set(PARENTS) - set(PARENTS.values()) - {"OTHER"}
    assert sorted(each["purpose"] for each in table()["templates"]) == sorted(leaves)
    assert len(set(IDS)) == len(IDS)
    assert (table()["version"], table()["confirmed"]) == (1, False)


def texts(value):
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    if isinstance(value, dict):
        return [value] if value.keys() <= {"en", "zh"} else texts(list(value.values()))
    return []


@pytest.mark.parametrize("template", table()["templates"], ids=IDS)
def test_a_template_says_everything_in_both_languages(template):
    for text in texts(template):
        assert text.keys() == {"en", "zh"}
        assert text["en"].isascii()
        assert not text["zh"].isascii()
    assert template["prohibited_uses"]
    assert template["security_measures"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("template", table()["templates"], ids=IDS)
def test_with_what_no_template_can_know_it_is_a_whole_use(template, language):
    use = filled(template, OWN | {"fields": FIELDS}, offered=[], language=language)
    whole = SubmitScenarioSchema().load(use)
    assert whole["purpose"] == template["purpose"]
    assert (whole["ends_at"] - whole["starts_at"]).days == template["term_days"]
    assert whole["solution"] == template["solution"][language]


def test_what_the_buyer_says_comes_first():
    given = OWN | {"problem": "Ours.", "retention": "NO_CACHE", "ends_at": OWN["starts_at"]}
    use = filled(find_template("CREDIT_DECISION"), given, offered=[], language="en")
    assert (use["problem"], use["retention"]) == ("Ours.", "NO_CACHE")
    assert use["ends_at"] == OWN["starts_at"]
    assert "fields" not in use


@pytest.mark.parametrize(("purpose", "is_filled"), [("OPERATIONS", True), ("CREDIT", False)])
def test_fields_come_from_the_products_own_template_that_fits(purpose, is_filled):
    own = TEMPLATE | {"purpose": purpose}
    use = filled(find_template("LOGISTICS_PLANNING"), OWN, offered=[own], language="zh")
    named = [each["name"] for each in use.get("fields", ())]
    assert named == (own["fields"] if is_filled else [])
    assert all(own["name"] in each["reason"] for each in use.get("fields", ()))


def test_templates_are_found_by_purpose_and_by_what_is_granted():
    def found(**filters):
        return [each["purpose"] for each in list_templates(**filters)]

    assert found(purpose="RISK") == ["CREDIT", "FRAUD", "AML", "INSURANCE"]
    assert found(granted=["OPERATIONS"]) == ["SUPPLY", "LOGISTICS", "ENERGY"]
    assert found(purpose="RISK", granted=["AML", "RESEARCH"]) == ["AML"]
    assert found(granted=[]) == []
    assert find_template("NO_SUCH") is None
