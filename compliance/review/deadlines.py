"""When each stage of a review is due."""

from datetime import datetime, timedelta

from compliance.review.case_machine import Stage
from compliance.review.policy import Policy
from compliance.review.scenario_machine import ScenarioState

USE_STAGES = {
    ScenarioState.SUBMITTED: "SCENARIO_REVIEW",
    ScenarioState.SECOND: "SCENARIO_SECOND",
}
"""What a declared use waits for; a panel over it has a deadline of its own."""


def due_at(stage: Stage, policy: Policy, since: datetime) -> datetime | None:
    """The end of a stage's time, none where nothing is waited for."""
    if stage is Stage.SUPPLEMENT:
        return since + timedelta(days=policy.supplement_days)
    working_days = {
        Stage.INTAKE: policy.intake_working_days,
        Stage.REVIEW: policy.review_working_days,
        Stage.SECOND: policy.second_working_days,
        Stage.PANEL: policy.panel_working_days,
    }.get(stage)
    return None if working_days is None else policy.after_working_days(since, working_days)


def use_due_at(state: ScenarioState, policy: Policy, since: datetime) -> datetime | None:
    """The end of a declared use's time before its first or its second reviewer, as a case's."""
    stages = {ScenarioState.SUBMITTED: Stage.REVIEW, ScenarioState.SECOND: Stage.SECOND}
    stage = stages.get(state)
    return None if stage is None else due_at(stage, policy, since)
