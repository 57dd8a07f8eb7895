"""A declared use is weighed; a risky one, or one of no known purpose, takes two people."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.core.states import IllegalTransition
from compliance import services
from compliance.errors import NotYourDecision, RulesBlock, SecondReviewerMustDiffer
from compliance.events import ScenarioApproved, ScenarioFirstApproved
from compliance.models.licences import Scenario
from compliance.review.scenario_risk import factors, fits_a_template, table, takes_two
from tests.factories.compliance import (
    BUYER,
    FIRST,
    SECOND,
    approve_scenario,
    dossier,
    exchange,
    publish,
    scenario_content,
    submit_scenario,
)

OTHER = {"purpose": "OTHER", "purpose_text": "A use that the tree does not know."}
ANYTHING = {"allowed_purposes": ["OPERATIONS", "RESEARCH", "OTHER"]}


@pytest.fixture
def uow(units):
    with exchange(units) as unit:
        yield unit


@pytest.mark.parametrize(
    ("use", "product", "expected"),
    [
        ({}, {}, {}),
        ({"purpose": "OTHER"}, {}, {"purpose=OTHER": 3, "beyond_templates": 1}),
        ({"regions": ["SG"]}, {}, {"abroad": 2}),
        ({"is_automated_decision": True}, {"pi_level": "SENSITIVE"}, {
            "automated_decision": 2, "pi_level=SENSITIVE": 3,
        }),
        ({"processors": ["A"], "onward_output": "Scores."}, {}, {
            "processors": 1, "onward_output": 1,
        }),
        ({"retention": "UNLIMITED"}, {"grade": "IMPORTANT"}, {
            "retention=UNLIMITED": 1, "grade=IMPORTANT": 3,
        }),
        ({}, {"scenario_templates": []}, {"beyond_templates": 1}),
    ],
)  # fmt: skip
def test_a_use_is_weighed_by_what_it_does_with_which_data(use, product, expected):
    assert factors(scenario_content(**use), dossier(**product)) == expected


def test_two_people_are_needed_for_other_purposes_and_from_five_points_on():
    assert takes_two({"purpose": "OTHER"}, {})
    assert takes_two({"purpose": "CREDIT"}, {"a": 3, "b": 2})
    assert not takes_two({"purpose": "CREDIT"}, {"a": 4})
    assert table()["confirmed"] is False


def test_a_use_within_a_template_is_one_that_was_reviewed():
    assert fits_a_template(scenario_content(), dossier())
    beyond = [{"name": "phone", "reason": "Asked."}]
    assert not fits_a_template(scenario_content(fields=beyond), dossier())


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def test_a_plain_use_takes_one_person_and_shows_its_score(uow):
    publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    assert (scenario.state, scenario.needs_two, scenario.risk_score) == ("ACTIVE", False, 0)


def test_a_use_of_another_purpose_waits_for_a_second_person(uow, units):
    publish(uow, **ANYTHING)
    scenario = approve_scenario(uow, submit_scenario(uow, **OTHER))
    assert (scenario.state, scenario.terms, scenario.needs_two) == ("SECOND", None, True)
    assert not scenario.is_active_at(uow.now)
    with pytest.raises(SecondReviewerMustDiffer):
        approve_scenario(uow, scenario)
    approve_scenario(uow, scenario, reviewer=SECOND)
    assert scenario.state == "ACTIVE"
    uow.commit()
    assert of(units, ScenarioFirstApproved)[0].approved_by == FIRST.id
    (approved,) = of(units, ScenarioApproved)
    assert (approved.first_approved_by, approved.approved_by) == (FIRST.id, SECOND.id)
    assert approved.risk_score == 4


def test_what_either_of_the_two_takes_away_is_gone(uow):
    publish(uow, **ANYTHING)
    fields = [{"name": name, "reason": "Shown."} for name in ("name", "city")]
    scenario = submit_scenario(uow, fields=fields, **OTHER)
    approve_scenario(uow, scenario, {"fields": ["name"]})
    approve_scenario(uow, scenario, {"calls_max": 10}, reviewer=SECOND)
    assert (scenario.terms["fields"], scenario.terms["calls_max"]) == (["name"], 10)


def test_the_second_person_may_refuse_and_the_buyer_withdraw(uow):
    publish(uow, **ANYTHING)
    refused = approve_scenario(uow, submit_scenario(uow, **OTHER))
    services.decide_scenario(
        uow, SECOND, scenario_id=refused.id, decision="refuse", reason="Not convincing."
    )
    assert refused.state == "REFUSED"
    withdrawn = approve_scenario(uow, submit_scenario(uow, **OTHER))
    services.withdraw_scenario(uow, BUYER, scenario_id=withdrawn.id)
    assert withdrawn.state == "WITHDRAWN"
    with pytest.raises(IllegalTransition):
        approve_scenario(uow, withdrawn, reviewer=SECOND)


def test_a_party_is_no_second_person(uow):
    publish(uow, **ANYTHING)
    scenario = approve_scenario(uow, submit_scenario(uow, **OTHER))
    with pytest.raises(NotYourDecision):
        approve_scenario(uow, scenario, reviewer=BUYER)


def test_the_database_refuses_one_person_where_it_takes_two(uow):
    publish(uow, **ANYTHING)
    scenario = approve_scenario(uow, submit_scenario(uow, **OTHER))
    approve_scenario(uow, scenario, reviewer=SECOND)
    uow.session.flush()
    with pytest.raises(IntegrityError, match="two_people_where_it_takes_two"):
        uow.session.execute(update(Scenario).values(first_approved_by=SECOND.id))


def test_a_buyer_without_the_qualification_that_is_asked_is_refused_by_the_rules(uow):
    publish(uow, user_qualifications=["LICENSED_BANK"])
    with pytest.raises(RulesBlock) as refusal:
        approve_scenario(uow, submit_scenario(uow, qualifications=["INSURER"]))
    assert refusal.value.facts["rule_ids"] == ["S4-Q"]
    bank = submit_scenario(uow, qualifications=["LICENSED_BANK"])
    assert approve_scenario(uow, bank).state == "ACTIVE"
