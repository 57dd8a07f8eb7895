"""A row that cannot take its timed step is left as it was, and every other takes its own."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.principals import Role
from compliance import services
from compliance.events import LicenceEnded, LicenceRevoked
from compliance.models.price_alarms import PriceAlarm
from compliance.review.events import ReviewEscalated
from compliance.services import narrowing
from compliance.services.listings.standing import find_suspension
from tests.factories.compliance import (
    FIRST,
    LISTING_CODE,
    SUPPLIER,
    THIRD,
    application_of,
    approve,
    approve_scenario,
    exchange_unit,
    licensed,
    of_another_buyer,
    open_review,
    order,
    per_call,
    publish,
    staff,
    submit_scenario,
    verify_parties,
)
from tests.unit.compliance.test_portions import OTHER_CODE, OTHER_VERSION, called

LONG = timedelta(days=400)
ONE, ANOTHER = (staff(name, Role.OPERATOR) for name in ("one", "another"))


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        yield unit


def bar(uow, row, unchanged):
    """What no route can do: a constraint that this row alone breaks when it takes its step."""
    table = row.__tablename__
    uow.session.flush()
    uow.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    uow.session.execute(
        text(
            f"ALTER TABLE {table} ADD CONSTRAINT planted"
            f" CHECK (id <> '{row.id}' OR {unchanged}) NOT VALID"
        )
    )


def of(units, kind):
    return [event for event in units.events if isinstance(event, kind)]


def two_cases(uow):
    verify_parties(uow)
    return open_review(uow), open_review(uow, version_id=OTHER_VERSION)


def two_uses(uow):
    publish(uow)
    return submit_scenario(uow), submit_scenario(uow)


def two_applications(uow):
    verify_parties(uow)
    other = {"listing_code": OTHER_CODE, "version_id": OTHER_VERSION}
    return [
        application_of(uow, approve(uow, open_review(uow, **members))) for members in ({}, other)
    ]


def two_panels(uow):
    publish(uow)
    publish(uow, listing_code=OTHER_CODE, version_id=OTHER_VERSION)
    return called(uow), called(uow, OTHER_CODE)


def two_alarms(uow):
    """A buyer of its own price, then another, and again another."""
    licence, scenario, case = licensed(uow)
    of_another_buyer(uow, licence, plan_hash="c" * 64)
    for plan_hash, price in (("d" * 64, "0.10000000"), ("e" * 64, "0.20000000")):
        terms = per_call(price)
        services.issue_licence(
            uow, **order(uow, case, scenario, plan_terms=terms, plan_hash=plan_hash)
        )
    return uow.session.query(PriceAlarm).order_by(PriceAlarm.id).all()


def two_alarms_to_decide(uow):
    alarms = two_alarms(uow)
    for alarm in alarms:
        services.explain_price(
            uow, SUPPLIER, alarm_id=alarm.id, ground="VOLUME", explanation="Ten times."
        )
    return alarms


def two_duties(uow):
    made = []
    for days in (1, 2):
        statement = services.state_duty(
            uow,
            ONE,
            rule_id="CSL21-1",
            facts={"log_days": 200},
            statement="The retention of the log store, as configured.",
            document_hash="d" * 64,
            valid_until=uow.now + timedelta(days=days),
        )
        uow.session.flush()
        services.confirm_duty(uow, ANOTHER, statement_id=statement.id)
        made.append(statement)
    return made


def two_suspensions(uow):
    publish(uow)
    publish(uow, listing_code=OTHER_CODE, version_id=OTHER_VERSION)
    for code in (LISTING_CODE, OTHER_CODE):
        services.suspend_listing(uow, FIRST, listing_code=code, reason_code="COMPLAINT")
    found = find_suspension
    return [found(uow, code) for code in (LISTING_CODE, OTHER_CODE)]


@pytest.mark.parametrize(
    ("made", "stage", "column"),
    [
        (two_cases, "INTAKE", "escalated_at"),
        (two_uses, "SCENARIO_REVIEW", "escalated_at"),
        (two_applications, "LISTING_REVIEW", "escalated_at"),
        (two_panels, "REVOCATION", "escalated_at"),
        (two_alarms, "PRICE", "escalated_at"),
        (two_alarms_to_decide, "PRICE_DECISION", "decision_escalated_at"),
        (two_duties, "PLATFORM", "escalated_at"),
        (two_suspensions, "RATIFICATION", "escalated_at"),
    ],
)
def test_what_cannot_escalate_keeps_no_other_from_it(units, uow, made, stage, column):
    rows = sorted(made(uow), key=lambda row: row.id)
    bar(uow, rows[0], f"{column} IS NULL")
    uow.now += LONG
    services.keep_deadlines(uow, 10)
    assert [getattr(row, column) for row in rows] == [None, uow.now]
    uow.commit()
    told = [each.subject_id for each in of(units, ReviewEscalated) if each.stage == stage]
    assert told == [rows[1].id]


def two_licences(uow):
    licence, scenario, case = licensed(uow)
    return sorted(
        (licence, services.issue_licence(uow, **order(uow, case, scenario))),
        key=lambda each: each.id,
    )


def states(licences):
    return [each.state for each in licences]


def test_a_licence_that_cannot_end_keeps_no_other_from_ending(units, uow):
    licences = two_licences(uow)
    bar(uow, licences[0], "state = 'ACTIVE'")
    uow.now = licences[0].ends_at
    services.suspend_expired(uow, 10)
    assert states(licences) == ["ACTIVE", "ENDED"]
    uow.commit()
    assert [each.licence_id for each in of(units, LicenceEnded)] == [licences[1].id]


def test_a_licence_that_cannot_be_revoked_keeps_no_other_from_it(units, uow):
    licences = two_licences(uow)
    bar(uow, licences[0], "state = 'ACTIVE'")
    uow.session.execute(text("UPDATE scenarios SET state = 'WITHDRAWN'"))
    uow.session.expire_all()
    assert services.suspend_expired(uow, 10) == 1
    assert states(licences) == ["ACTIVE", "REVOKED"]
    uow.commit()
    assert [each.licence_id for each in of(units, LicenceRevoked)] == [licences[1].id]


def test_a_loss_that_cannot_go_on_keeps_no_other_from_going_on(uow, monkeypatch):
    first, scenario, case = licensed(uow)
    other = approve_scenario(uow, submit_scenario(uow))
    second = services.issue_licence(uow, **order(uow, case, other))
    fewer = {"reason": "Fewer are enough.", "narrowed": {"calls_max": 7}}
    with monkeypatch.context() as later:
        later.setattr(narrowing, "_apply", lambda *_: 0)
        for use in (scenario, other):
            services.narrow_scenario(uow, THIRD, scenario_id=use.id, **fewer)
    bar(uow, first, "terms->>'calls_max' <> '7'")
    assert services.suspend_expired(uow, 10) == 1
    assert [each.terms["calls_max"] for each in (first, second)] == [10_000, 7]
    uow.session.execute(text("ALTER TABLE licences DROP CONSTRAINT planted"))
    while services.suspend_expired(uow, 10):
        pass
    assert first.terms["calls_max"] == 7
