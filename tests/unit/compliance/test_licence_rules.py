"""The rules of the licence's stage: run when it is issued, kept with it, replayed at any time."""

import pytest
from sqlalchemy import select, update

from app.core.canonical import digest_hex
from compliance import services
from compliance.models.licences import Licence
from compliance.models.price_alarms import PriceAlarm
from compliance.models.reviews import Party, RuleEvaluation
from compliance.rules.errors import RulesBlock
from compliance.services.licences import rules
from tests.factories.compliance import (
    BUYER_ID,
    approve_scenario,
    exchange_unit,
    licensed,
    of_another_buyer,
    order,
    per_call,
    personal_members,
    publish,
    submit_scenario,
)

LICENCE_RULES = {"S4", "K2", "NDSR12-1", "PIPL23-1", "AML-1"}


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        yield unit


def outcomes_of(uow, licence):
    kept = uow.session.scalars(
        select(RuleEvaluation).where(RuleEvaluation.subject_id == licence.id)
    ).one()
    assert kept.stage == "licence"
    return kept, {each["rule_id"]: each["outcome"] for each in kept.outcomes}


def test_the_evaluation_is_kept_with_the_licence_and_replays(uow):
    licence, _, case = licensed(uow)
    kept, outcomes = outcomes_of(uow, licence)
    assert outcomes.keys() == LICENCE_RULES
    assert outcomes["S4"] == outcomes["K2"] == outcomes["AML-1"] == "PASS"
    assert outcomes["PIPL23-1"] == outcomes["NDSR12-1"] == "NOT_APPLICABLE"
    assert kept.case_id == case.id
    assert services.replay_evaluation(uow, evaluation_id=kept.id)


def test_data_about_persons_need_consent_and_a_whole_contract(uow):
    case = publish(uow, **personal_members())
    licence = services.issue_licence(uow, **order(uow, case, scenario_for(uow)))
    _, outcomes = outcomes_of(uow, licence)
    assert outcomes["PIPL23-1"] == outcomes["NDSR12-1"] == "PASS"


def scenario_for(uow):
    scenario = approve_scenario(uow, submit_scenario(uow))
    uow.session.flush()
    return scenario


def refused(uow, licence, case):
    with pytest.raises(RulesBlock) as refusal:
        rules.demand_lawful_licence(uow, licence, case)
    return refusal.value.facts["rule_ids"]


def test_a_buyer_whose_verification_lapsed_meanwhile_gets_no_licence(uow):
    licence, _, case = licensed(uow)
    lapsed = update(Party).where(Party.organisation_id == BUYER_ID).values(verified_until=uow.now)
    uow.session.execute(lapsed)
    uow.session.expire_all()
    assert refused(uow, licence, case) == ["S4"]


def test_terms_beyond_what_was_approved_are_no_licence(uow):
    licence, _, case = licensed(uow)
    licence.terms = licence.terms | {"fields": ["name", "phone"]}
    assert refused(uow, licence, case) == ["K2"]


def test_a_contract_about_persons_says_how_long_they_are_kept(uow):
    case = publish(uow, **personal_members())
    licence = services.issue_licence(uow, **order(uow, case, scenario_for(uow)))
    licence.terms = licence.terms | {"retention": None}
    assert refused(uow, licence, case) == ["NDSR12-1"]


def test_another_buyers_other_price_is_an_alarm_and_stops_nobody(uow):
    licence, scenario, case = licensed(uow)
    of_another_buyer(uow, licence, plan_hash="c" * 64)
    cheaper = order(uow, case, scenario, plan_terms=per_call("0.10000000"), plan_hash="d" * 64)
    second = services.issue_licence(uow, **cheaper)
    kept, outcomes = outcomes_of(uow, second)
    assert outcomes["AML-1"] == "WARN"
    assert kept.circumstances["parity"] == ["c" * 64]
    assert uow.session.query(Licence).count() == 2


def test_prices_that_the_listing_offers_to_everybody_are_the_same_conditions(uow):
    plans = [per_call(), per_call("0.10000000")]
    case = publish(uow, plans=plans)
    scenario = approve_scenario(uow, submit_scenario(uow))
    uow.session.flush()
    first = services.issue_licence(uow, **order(uow, case, scenario))
    of_another_buyer(uow, first)
    other = {"plan_terms": plans[1], "plan_hash": digest_hex(plans[1])}
    second = services.issue_licence(uow, **order(uow, case, scenario, **other))
    kept, outcomes = outcomes_of(uow, second)
    assert (outcomes["AML-1"], kept.circumstances["parity"]) == ("PASS", [])
    assert uow.session.query(PriceAlarm).count() == 0
