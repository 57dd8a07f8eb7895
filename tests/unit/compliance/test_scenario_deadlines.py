"""A declared use has its time at each stage, as a version has: due, overdue, escalated, counted."""

from datetime import timedelta

import pytest

from compliance import queries, services
from compliance.events import ScenarioApproved
from compliance.queries.workload import workload
from compliance.review.events import ReviewEscalated
from compliance.services.policies import policy_in_force
from tests.factories.compliance import (
    BUYER,
    CLEAR,
    FIRST,
    SECOND,
    THIRD,
    approve_scenario,
    exchange_unit,
    publish,
    submit_scenario,
)
from tests.unit.compliance.test_trade import of

RISKY = {
    "purpose": "SUPPLY",
    "is_automated_decision": True,
    "processors": ["A"],
    "onward_output": "Scores.",
}
DAY = timedelta(days=1)


@pytest.fixture
def uow(units):
    with exchange_unit(units) as unit:
        publish(unit)
        yield unit


def queue(uow, **filters):
    found = queries.list_scenarios(uow, buyer_id=None, order="due", **filters)
    return [each.id for each in found.items]


def test_each_stage_of_a_use_has_the_time_of_a_case_s_stage(uow):
    use = submit_scenario(uow, **RISKY)
    policy = policy_in_force(uow)
    assert use.due_at == policy.after_working_days(uow.now, policy.review_working_days)
    uow.now += DAY
    approve_scenario(uow, use)
    assert (use.state, use.stage_since_at) == ("SECOND", uow.now)
    assert use.due_at == policy.after_working_days(uow.now, policy.second_working_days)
    approve_scenario(uow, use, reviewer=SECOND)
    assert (use.state, use.due_at) == ("ACTIVE", None)


def test_a_use_that_nobody_decides_escalates_once_at_each_stage(units, uow):
    use = submit_scenario(uow, **RISKY)
    first_due = use.due_at
    for due_at in (first_due - timedelta(seconds=1), first_due, first_due):
        uow.now = due_at
        services.keep_deadlines(uow, 10)
    assert use.escalated_at == first_due
    approve_scenario(uow, use)
    assert use.escalated_at is None
    uow.now = use.due_at
    assert services.keep_deadlines(uow, 10) == 1
    second_due = use.due_at
    approve_scenario(uow, use, reviewer=SECOND)
    uow.commit()
    told = [(each.stage, each.due_at) for each in of(units, ReviewEscalated)]
    assert told == [("SCENARIO_REVIEW", first_due), ("SCENARIO_SECOND", second_due)]
    assert len(of(units, ScenarioApproved)) == 1


def test_what_is_withdrawn_in_time_is_never_overdue(units, uow):
    use = submit_scenario(uow)
    services.withdraw_scenario(uow, BUYER, scenario_id=use.id)
    uow.now += 60 * DAY
    services.keep_deadlines(uow, 10)
    uow.commit()
    assert of(units, ReviewEscalated) == []


def test_the_queue_shows_what_is_due_next_and_what_is_overdue(uow):
    early = submit_scenario(uow, **RISKY)
    uow.now += 3 * DAY
    late = submit_scenario(uow)
    assert queue(uow) == [early.id, late.id]
    # The second review has its own days, and the first use is due after the other then.
    uow.now = early.due_at
    assert queue(uow, is_overdue=True) == [early.id]
    approve_scenario(uow, early)
    uow.session.flush()
    assert queue(uow) == [late.id, early.id]
    page = queries.list_scenarios(uow, buyer_id=None, order="due", limit=1)
    assert queue(uow, cursor=page.next_cursor) == [early.id]
    assert queue(uow, is_overdue=False) == [late.id, early.id]


def test_what_somebody_may_not_decide_or_does_not_know_is_not_for_them(uow):
    use, foreign = submit_scenario(uow, **RISKY), submit_scenario(uow, sector="FINANCE")
    approve_scenario(uow, use)
    services.decide_scenario(
        uow,
        THIRD,
        scenario_id=foreign.id,
        answers={**CLEAR, "employed": "yes"},
        decision="approve",
        reason="Mine.",
    )
    services.register_specialities(uow, SECOND, specialities=["TRANSPORT"])
    uow.session.flush()
    assert queue(uow, reviewer=FIRST) == [foreign.id]
    assert queue(uow, reviewer=SECOND) == [use.id]
    assert queue(uow, reviewer=THIRD) == [use.id]
    assert queue(uow, reviewer=BUYER) == []


def test_the_workload_counts_uses_by_stage_and_person(uow):
    begun = uow.now
    use, waiting = submit_scenario(uow, **RISKY), submit_scenario(uow)
    uow.now += DAY
    approve_scenario(uow, use)
    uow.now += DAY
    approve_scenario(uow, use, reviewer=SECOND)
    uow.session.flush()
    uow.now = waiting.due_at
    found = workload(uow, from_at=begun, until_at=uow.now)
    (left,) = [each for each in found.waiting if each["stage"].startswith("SCENARIO")]
    assert (left["stage"], left["waiting_count"], left["overdue_count"]) == (
        "SCENARIO_REVIEW",
        1,
        1,
    )
    turns = {each["stage"]: each["median_seconds"] for each in found.turnarounds}
    seconds = int(DAY.total_seconds())
    assert turns["SCENARIO_REVIEW"] == turns["SCENARIO_SECOND"] == seconds
    assert turns["SCENARIO_SUBMISSION_TO_DECISION"] == 2 * seconds
    done = {(each["person_id"], each["stage"]): each["decisions"] for each in found.people}
    assert done[FIRST.id, "SCENARIO_REVIEW"] == {"approve": 1}
    assert done[SECOND.id, "SCENARIO_SECOND"] == {"approve": 1}
