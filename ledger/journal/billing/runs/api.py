"""Routes of monthly runs."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import PageQuerySchema, page_schema
from ledger.journal.billing.runs import queries, schemas, services
from ledger.journal.billing.runs.models import BillingRun

blueprint = Blueprint(
    "billing-runs",
    __name__,
    url_prefix="/v1",
    description="A month's invoices and bills, all of them.",
)


@blueprint.route("/billing-runs", methods=["POST"])
@blueprint.arguments(schemas.StartRunSchema)
@blueprint.response(202, schemas.BillingRunSchema)
@requires(Permission.OPERATE)
@idempotent
def post_billing_run(command: dict[str, Any]) -> BillingRun:
    """Bill a month now; the worker does it in portions. Again: what came late since."""
    with unit_of_work() as uow:
        run = services.start_run(uow, current_principal(), **command)
        uow.commit()
        return run


@blueprint.route("/billing-runs", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.BillingRunSchema))
@requires(Permission.READ_EXCHANGE)
def get_billing_runs(page: dict[str, Any]) -> Page[BillingRun]:
    """Runs, newest month first."""
    with unit_of_work() as uow:
        return queries.list_runs(uow.session, **page)
