"""The route that shows how much waits, and how long each stage takes."""

from datetime import timedelta
from typing import Any

from app.core.principals import Permission
from app.web.access import requires
from app.web.context import unit_of_work
from compliance.api.blueprint import blueprint
from compliance.queries.workload import Workload, workload
from compliance.review.errors import PeriodUnreadable
from compliance.schemas.workload import WorkloadQuerySchema, WorkloadSchema

PERIOD = timedelta(days=90)
PERIOD_MAX = timedelta(days=366)


@blueprint.route("/review-workload", methods=["GET"])
@blueprint.arguments(WorkloadQuerySchema, location="query")
@blueprint.response(200, WorkloadSchema)
@requires(Permission.READ_WORKLOAD)
def get_review_workload(query: dict[str, Any]) -> Workload:
    """Turnaround by stage, what waits, and each person's load, of at most a year."""
    with unit_of_work() as uow:
        until_at = query["until_at"] or uow.now
        from_at = query["from_at"] or until_at - PERIOD
        if not timedelta() < until_at - from_at <= PERIOD_MAX:
            raise PeriodUnreadable
        return workload(uow, from_at=from_at, until_at=until_at)
