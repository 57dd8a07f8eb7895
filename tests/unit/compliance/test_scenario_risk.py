"""A declared use is weighed; a risky one, or one of no known purpose, takes two people."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.core.states import IllegalTransition
from compliance import services
from compliance.errors import NotYourDecision
from compliance.events import (
    ScenarioApproved,
    ScenarioConflictDeclared,
    ScenarioFirstApproved,
    ScenarioSubmitted,
)
from compliance.models.licences import Scenario, ScenarioDeclaration
from compliance.review import scenario_risk
from compliance.review.case_errors import ReviewerConflicted, SecondReviewerMustDiffer
from compliance.review.scenario_risk import Depth, depth_of, factors, fits_a_template, table
from compliance.rules.errors import RulesBlock
from tests.factories.compliance import (
    BUYER,
    CLEAR,
    FIRST,
    NEXT_YEAR,
    SECOND,
    SUPPLIER_USCC,
    approve_scenario,
    dossier,
    exchange_unit,
    publish,
    scenario_content,
    staff,
    submit_scenario,
)

RISKY = {"regions": ["SG"], "is_automated_decision": True, "processors": ["A"]}
RISKY_PRODUCT = {"regions": ["CN", "SG"]}


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
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


def test_other_purposes_need_a_panel_and_five_points_two_people():
    assert depth_of({"purpose": "OTHER"}, {}) is Depth.PANEL
    assert depth_of({"purpose": "CREDIT"}, {"a": 3, "b": 2}) is Depth.TWO
    assert depth_of({"purpose": "CREDIT"}, {"a": 4}) is Depth.ONE
    assert table()["confirmed"] is False


def test_a_use_within_a_template_is_one_that_was_reviewed():
    assert fits_a_template(scenario_content(), dossier())
    beyond = [{"name": "phone", "reason": "Asked."}]
    assert not fits_a_template(scenario_content(fields=beyond), dossier())


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def refuse(uow, reviewer, scenario):
    return services.decide_scenario(
        uow,
        reviewer,
        scenario_id=scenario.id,
        answers=CLEAR,
        decision="refuse",
        reason="Not convincing.",
    )


def test_a_plain_use_takes_one_person_and_shows_its_score(uow):
    publish(uow)
    scenario = approve_scenario(uow, submit_scenario(uow))
    assert (scenario.state, scenario.depth, scenario.risk_score) == ("ACTIVE", "ONE", 0)


def test_how_many_it_takes_is_fixed_when_it_is_submitted(uow, units, monkeypatch):
    publish(uow, **RISKY_PRODUCT)
    scenario = submit_scenario(uow, **RISKY)
    assert (scenario.depth, scenario.risk_score, scenario.risk_table) == ("TWO", 5, 2)
    monkeypatch.setitem(scenario_risk.table(), "two_people_from", 6)
    approve_scenario(uow, scenario)
    assert scenario.state == "SECOND"
    uow.commit()
    (submitted,) = of(units, ScenarioSubmitted)
    assert (submitted.depth, submitted.risk_score) == ("TWO", 5)


def test_a_risky_use_waits_for_a_second_person(uow, units):
    publish(uow, **RISKY_PRODUCT)
    scenario = approve_scenario(uow, submit_scenario(uow, **RISKY))
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
    assert approved.risk_score == 5


def test_what_either_of_the_two_takes_away_is_gone(uow):
    publish(uow, **RISKY_PRODUCT)
    fields = [{"name": name, "reason": "Shown."} for name in ("name", "city")]
    scenario = submit_scenario(uow, fields=fields, **RISKY)
    approve_scenario(uow, scenario, {"fields": ["name"]})
    approve_scenario(uow, scenario, {"calls_max": 10}, reviewer=SECOND)
    assert (scenario.terms["fields"], scenario.terms["calls_max"]) == (["name"], 10)


def test_the_second_person_may_refuse_and_the_buyer_withdraw(uow):
    publish(uow, **RISKY_PRODUCT)
    refused = approve_scenario(uow, submit_scenario(uow, **RISKY))
    refuse(uow, SECOND, refused)
    assert refused.state == "REFUSED"
    withdrawn = approve_scenario(uow, submit_scenario(uow, **RISKY))
    services.withdraw_scenario(uow, BUYER, scenario_id=withdrawn.id)
    assert withdrawn.state == "WITHDRAWN"
    with pytest.raises(IllegalTransition):
        approve_scenario(uow, withdrawn, reviewer=SECOND)


def test_a_party_is_no_second_person(uow):
    publish(uow, **RISKY_PRODUCT)
    scenario = approve_scenario(uow, submit_scenario(uow, **RISKY))
    with pytest.raises(NotYourDecision):
        approve_scenario(uow, scenario, reviewer=BUYER)


def test_the_database_refuses_one_person_where_it_takes_two(uow):
    publish(uow, **RISKY_PRODUCT)
    scenario = approve_scenario(uow, submit_scenario(uow, **RISKY))
    approve_scenario(uow, scenario, reviewer=SECOND)
    uow.session.flush()
    with pytest.raises(IntegrityError, match="two_people_where_it_takes_two"):
        uow.session.execute(update(Scenario).values(first_approved_by=SECOND.id))


@pytest.mark.parametrize("answer", ["yes", "unknown"])
def test_a_conflict_with_the_buyer_bars_a_reviewer_for_good(uow, units, answer):
    publish(uow)
    scenario = submit_scenario(uow)
    services.decide_scenario(
        uow,
        FIRST,
        scenario_id=scenario.id,
        answers={**CLEAR, "employed": answer},
        decision="approve",
        reason="Plausible.",
    )
    assert (scenario.state, scenario.decided_by) == ("SUBMITTED", None)
    with pytest.raises(ReviewerConflicted):
        approve_scenario(uow, scenario)
    assert approve_scenario(uow, scenario, reviewer=SECOND).state == "ACTIVE"
    with pytest.raises(ReviewerConflicted):
        services.narrow_scenario(
            uow, FIRST, scenario_id=scenario.id, reason="Less.", narrowed={"calls_max": 1}
        )
    uow.commit()
    assert [each.reviewer_id for each in of(units, ScenarioConflictDeclared)] == [FIRST.id]


def test_the_exchange_itself_knows_a_reviewer_of_the_buyers_group(uow):
    publish(uow)
    scenario = submit_scenario(uow)
    outsider = staff("outsider", organisation_id="org_0000000000000000000outside")
    services.note_party_verified(
        uow,
        organisation_id=outsider.organisation_id,
        name="Of the group",
        uscc=SUPPLIER_USCC,
        is_supplier=False,
        is_buyer=True,
        valid_until=NEXT_YEAR,
    )
    approve_scenario(uow, scenario, reviewer=outsider)
    declared = uow.session.get_one(ScenarioDeclaration, (scenario.id, outsider.id, True))
    assert declared.conflicts == ["same_credit_code"]
    assert scenario.state == "SUBMITTED"


def test_a_buyer_without_the_qualification_that_is_asked_is_refused_by_the_rules(uow):
    publish(uow, user_qualifications=["LICENSED_BANK"])
    with pytest.raises(RulesBlock) as refusal:
        approve_scenario(uow, submit_scenario(uow, qualifications=["INSURER"]))
    assert refusal.value.facts["rule_ids"] == ["S4-Q"]
    bank = submit_scenario(uow, qualifications=["LICENSED_BANK"])
    assert approve_scenario(uow, bank).state == "ACTIVE"
