"""Another price under the same conditions: told, explained, decided, and never silently kept."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.core.principals import Principal, Role
from app.core.states import IllegalTransition
from compliance import queries, services
from compliance.errors import NotYourDecision, PriceAlarmNotFound
from compliance.models.price_alarms import PriceAlarm
from compliance.queries.workload import workload
from compliance.review.events import ReviewEscalated
from compliance.review.price_alarms import grounds, table
from compliance.review.price_events import PriceAlarmRaised, PriceDecided, PriceExplained
from compliance.services.policies import policy_in_force
from tests.factories.compliance import (
    BUYER_ID,
    PEOPLE,
    SUPPLIER,
    SUPPLIER_ID,
    exchange_unit,
    licensed,
    of_another_buyer,
    order,
    per_call,
)

RISK = PEOPLE["risk"]
INSIDER = Principal("psn_in", SUPPLIER_ID, frozenset({Role.RISK_OFFICER}), has_second_factor=True)


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        yield unit


@pytest.fixture
def alarm(uow):
    """A second buyer pays a price of its own."""
    licence, scenario, case = licensed(uow)
    of_another_buyer(uow, licence, plan_hash="c" * 64)
    services.issue_licence(
        uow,
        **order(uow, case, scenario, plan_terms=per_call("0.10000000"), plan_hash="d" * 64),
    )
    return uow.session.query(PriceAlarm).one()


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def explain(uow, alarm, principal=SUPPLIER, **changes):
    said = {"ground": "VOLUME", "explanation": "Ten times the volume."} | changes
    return services.explain_price(uow, principal, alarm_id=alarm.id, **said)


def decide(uow, alarm, decision, principal=RISK):
    return services.decide_price(
        uow, principal, alarm_id=alarm.id, decision=decision, reason="Compared."
    )


def test_the_first_buyer_raises_nothing_and_the_second_an_alarm(uow, units, alarm):
    assert (alarm.state, alarm.supplier_id) == ("OPEN", SUPPLIER_ID)
    assert (alarm.plan_hash, alarm.other_plan_hashes) == ("d" * 64, ["c" * 64])
    assert alarm.due_at > uow.now + timedelta(days=table()["explain_working_days"])
    uow.commit()
    (raised,) = of(units, PriceAlarmRaised)
    assert (raised.alarm_id, raised.licence_id) == (alarm.id, alarm.licence_id)


def test_an_explained_price_is_accepted_or_objected_to(uow, units, alarm):
    explain(uow, alarm, explanation="Because.")
    explain(uow, alarm)
    assert (alarm.state, alarm.ground) == ("EXPLAINED", "VOLUME")
    decide(uow, alarm, "accept")
    assert alarm.state == "ACCEPTED"
    for again in (lambda: decide(uow, alarm, "object"), lambda: explain(uow, alarm)):
        with pytest.raises(IllegalTransition):
            again()
    uow.commit()
    explained, decided = of(units, PriceExplained), of(units, PriceDecided)
    assert [each.ground for each in explained] == ["VOLUME", "VOLUME"]
    assert [each.state for each in decided] == ["ACCEPTED"]
    assert "volume" not in explained[-1].reason_hash


def test_nothing_is_accepted_that_nobody_explained(uow, alarm):
    with pytest.raises(IllegalTransition):
        decide(uow, alarm, "accept")
    assert decide(uow, alarm, "object").state == "OBJECTED"


def test_only_the_supplier_explains_and_only_somebody_else_decides(uow, alarm):
    stranger = Principal("psn_x", BUYER_ID, frozenset({Role.SUPPLIER}))
    with pytest.raises(PriceAlarmNotFound):
        explain(uow, alarm, stranger)
    explain(uow, alarm)
    with pytest.raises(NotYourDecision):
        decide(uow, alarm, "accept", INSIDER)
    with pytest.raises(PriceAlarmNotFound):
        services.decide_price(uow, RISK, alarm_id="pra_none", decision="accept", reason="x")


def test_without_a_reason_in_time_it_is_escalated_once(uow, units, alarm):
    alarm.due_at = uow.now - timedelta(seconds=1)
    uow.session.flush()
    assert len(queries.list_price_alarms(uow, reader_id=None, is_overdue=True).items) == 1
    services.keep_deadlines(uow, 10)
    services.keep_deadlines(uow, 10)
    uow.commit()
    told = [each for each in of(units, ReviewEscalated) if each.stage == "PRICE"]
    assert [each.subject_id for each in told] == [alarm.id]


def test_the_exchange_has_its_own_time_from_the_first_reason_on(uow, units, alarm):
    assert alarm.decision_due_at is None
    explain(uow, alarm)
    days = table()["decide_working_days"]
    due_at = policy_in_force(uow).after_working_days(uow.now, days)
    assert alarm.decision_due_at == due_at
    uow.now += timedelta(days=3)
    explain(uow, alarm, ground="COST")
    assert alarm.decision_due_at == due_at, "a better reason does not make it longer"
    for instant, is_late in (
        (due_at - timedelta(seconds=1), False),
        (due_at, True),
        (due_at, True),
    ):
        uow.now = instant
        services.keep_deadlines(uow, 10)
        found = queries.list_price_alarms(uow, reader_id=None, is_overdue=True).items
        assert bool(found) is is_late
    assert (alarm.escalated_at, alarm.decision_escalated_at) == (None, due_at)
    decide(uow, alarm, "object")
    assert queries.list_price_alarms(uow, reader_id=None, is_overdue=True).items == []
    services.keep_deadlines(uow, 10)
    uow.commit()
    told = [(each.stage, each.due_at) for each in of(units, ReviewEscalated)]
    assert told == [("PRICE_DECISION", due_at)]


def test_without_a_reason_the_exchange_s_time_runs_from_where_the_supplier_s_ended(
    uow, units, alarm
):
    supplier_due_at = alarm.due_at
    uow.now = supplier_due_at + timedelta(days=1)
    services.keep_deadlines(uow, 10)
    days = table()["decide_working_days"]
    due_at = policy_in_force(uow).after_working_days(supplier_due_at, days)
    assert alarm.decision_due_at == due_at
    explain(uow, alarm)
    assert alarm.decision_due_at == due_at
    uow.now = due_at
    services.keep_deadlines(uow, 10)
    uow.commit()
    told = [(each.stage, each.due_at) for each in of(units, ReviewEscalated)]
    assert told == [("PRICE", supplier_due_at), ("PRICE_DECISION", due_at)]


def test_prices_stand_in_the_workload_as_what_waits_and_who_decided(uow, alarm):
    def shown():
        span = {"from_at": uow.now - timedelta(days=9), "until_at": uow.now + timedelta(days=9)}
        return workload(uow, **span)

    assert [each["stage"] for each in shown().waiting if each["stage"] == "PRICE_DECISION"] == []
    explain(uow, alarm)
    (waiting,) = [each for each in shown().waiting if each["stage"] == "PRICE_DECISION"]
    assert (waiting["waiting_count"], waiting["overdue_count"]) == (1, 0)
    uow.now += timedelta(hours=1)
    decide(uow, alarm, "accept")
    uow.session.flush()
    (done,) = [each for each in shown().people if each["stage"] == "PRICE_DECISION"]
    assert (done["person_id"], done["decisions"]) == (RISK.id, {"accept": 1})
    (turn,) = [each for each in shown().turnarounds if each["stage"] == "PRICE_DECISION"]
    assert turn["median_seconds"] == 3600


def test_each_sees_their_own_and_the_exchange_all(uow, alarm):
    def found(reader_id, **filters):
        return len(queries.list_price_alarms(uow, reader_id=reader_id, **filters).items)

    assert (found(None), found(SUPPLIER_ID), found(BUYER_ID)) == (1, 1, 0)
    assert found(None, state="EXPLAINED") == found(None, supplier_id=BUYER_ID) == 0
    assert found(None, state="OPEN", listing_code=alarm.listing_code) == 1
    with pytest.raises(PriceAlarmNotFound):
        queries.get_price_alarm(uow, alarm.id, reader_id=BUYER_ID)


def test_the_database_refuses_an_acceptance_without_a_reason(uow, alarm):
    accepted = update(PriceAlarm).values(state="ACCEPTED", decided_by="psn_x", reason_hash="x")
    with pytest.raises(IntegrityError, match="explained"):
        uow.session.execute(accepted)


def test_the_grounds_are_named_in_both_languages():
    assert {"VOLUME", "COST", "OTHER"} <= grounds()
    assert all(each["en"] and each["zh"] for each in table()["grounds"])
    assert table()["confirmed"] is False
