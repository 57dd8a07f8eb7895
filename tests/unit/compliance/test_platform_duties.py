"""Duties that no code enforces: stated by one, weighed by the rule, confirmed by another."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.core.clock import iso_instant
from app.core.principals import Role
from compliance import queries, services
from compliance.models.platform import PlatformStatement
from compliance.review.events import ReviewEscalated
from compliance.review.platform_events import PlatformDutyConfirmed, PlatformDutyStated
from compliance.rules import rule_set
from compliance.rules.errors import DutyNotFound, RulesBlock, SamePersonStated, StatementNotAhead
from compliance.rules.platform import weigh
from compliance.services.evaluations.rule_sets import held_rule_set
from tests.factories.compliance import PEOPLE, everybody_over_http, exchange_unit, staff

ONE, OTHER = (staff(name, Role.OPERATOR) for name in ("one", "other"))
LOGS, AMENDED = "CSL21-1", "CSL-A"


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        yield unit


def stated(uow, rule_id=LOGS, *, log_days=200, days=365):
    facts = {} if log_days is None else {"log_days": log_days}
    made = services.state_duty(
        uow,
        ONE,
        rule_id=rule_id,
        facts=facts,
        statement="The retention of the log store, as configured.",
        document_hash="d" * 64,
        valid_until=uow.now + timedelta(days=days),
    )
    uow.session.flush()
    return made


def states(uow):
    return {each.rule.id: each.state for each in queries.list_platform_duties(uow)}


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def test_a_duty_is_held_once_a_second_person_confirmed_it_and_until_it_lapses(uow, units):
    assert states(uow) == {LOGS: "MISSING", AMENDED: "MISSING"}
    made = stated(uow)
    assert (made.outcome, made.decided_by) == ("NEEDS_HUMAN", {"log_days": 200})
    assert states(uow)[LOGS] == "STATED"
    with pytest.raises(SamePersonStated):
        services.confirm_duty(uow, ONE, statement_id=made.id)
    services.confirm_duty(uow, OTHER, statement_id=made.id)
    services.confirm_duty(uow, ONE, statement_id=made.id)
    assert (made.confirmed_by, states(uow)[LOGS]) == (OTHER.id, "HELD")
    stated(uow, days=1)
    # A newer statement that waits takes nothing away from the one in force.
    assert states(uow)[LOGS] == "HELD"
    uow.now = made.valid_until
    assert states(uow)[LOGS] == "LAPSED"
    uow.commit()
    assert len(of(units, PlatformDutyStated)) == 2
    assert [each.confirmed_by for each in of(units, PlatformDutyConfirmed)] == [OTHER.id]


def test_too_few_days_fail_by_the_rule_and_nobody_confirms_them(uow):
    made = stated(uow, log_days=179)
    assert (made.outcome, states(uow)[LOGS]) == ("FAIL", "FAILED")
    with pytest.raises(RulesBlock):
        services.confirm_duty(uow, OTHER, statement_id=made.id)
    with pytest.raises(IntegrityError, match="rules_hold"):
        uow.session.execute(
            update(PlatformStatement).values(confirmed_by=OTHER.id, confirmed_at=uow.now)
        )


def test_what_was_stated_replays_under_its_rule_set(uow):
    made = stated(uow)
    held = held_rule_set(uow, made.rule_set_hash)
    again = weigh(held, made.facts, at=iso_instant(made.stated_at))
    assert again.input_hash == made.input_hash
    assert held.hash == rule_set.current().hash


def test_the_amended_law_is_a_duty_of_people_too(uow):
    made = stated(uow, AMENDED, log_days=None)
    assert made.outcome == "NEEDS_HUMAN"
    services.confirm_duty(uow, OTHER, statement_id=made.id)
    assert states(uow) == {LOGS: "MISSING", AMENDED: "HELD"}


def test_a_lapsed_duty_escalates_once_unless_it_was_stated_again(uow, units):
    made = stated(uow, days=1)
    services.confirm_duty(uow, OTHER, statement_id=made.id)
    uow.now = made.valid_until
    renewed = stated(uow)
    services.confirm_duty(uow, OTHER, statement_id=renewed.id)
    uow.session.flush()
    services.keep_deadlines(uow, 10)
    assert made.escalated_at is None
    uow.now = renewed.valid_until
    services.keep_deadlines(uow, 10)
    services.keep_deadlines(uow, 10)
    uow.commit()
    told = [each.subject_id for each in of(units, ReviewEscalated) if each.stage == "PLATFORM"]
    assert sorted(told) == sorted([made.id, renewed.id])


def test_only_duties_of_the_platform_are_stated_and_only_ahead(uow):
    for name in ("S1", "ECL31-1", "NONE"):
        with pytest.raises(DutyNotFound):
            stated(uow, name)
    with pytest.raises(StatementNotAhead):
        stated(uow, days=0)
    with pytest.raises(DutyNotFound):
        services.confirm_duty(uow, OTHER, statement_id="pst_none")


def test_operators_state_and_staff_read_over_http(app, monkeypatch):
    for principal in (ONE, OTHER):
        monkeypatch.setitem(PEOPLE, principal.id, principal)
    made = everybody_over_http(app)
    path = f"/v1/platform-duties/{LOGS}/statements"
    body = {
        "facts": {"log_days": 400},
        "statement": "As configured.",
        "document_hash": "e" * 64,
        "valid_until": "2027-11-20T00:00:00.000000Z",
    }
    statement = made.post(ONE.id, path, body)
    confirmation = f"/v1/platform-statements/{statement['id']}/confirmation"
    made.refused(ONE.id, confirmation, slug="same-person-stated", expect=403)
    made.post(OTHER.id, confirmation)
    duties = made.get("auditor", "/v1/platform-duties")["items"]
    assert {each["rule_id"]: each["state"] for each in duties}[LOGS] == "HELD"
    assert all(each["message"] and each["message_zh"] and each["law_refs"] for each in duties)
    assert len(made.get("first", f"/v1/platform-statements?rule_id={LOGS}")["items"]) == 1
    unknown = made.call("first", "GET", "/v1/platform-statements?rule_id=LOGS", expect=422)
    assert LOGS in unknown["errors"][0]["detail"]
    for who in ("first", "supplier"):
        made.call(who, "POST", path, body, expect=403)
