"""When each stage of a review is due."""

from datetime import datetime, timedelta

from compliance.review.case_machine import Stage
from compliance.review.policy import Policy


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
