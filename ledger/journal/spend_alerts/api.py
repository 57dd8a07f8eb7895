"""Routes of alerts."""

from typing import Any

from app.core.ids import OrganisationId
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, unit_of_work
from ledger.journal.spend_alerts import queries, schemas, services
from ledger.journal.spend_alerts.models import SpendAlert

blueprint = Blueprint(
    "spend-alerts", __name__, url_prefix="/v1", description="When one wants to be told of a wallet."
)


@blueprint.route("/spend-alerts", methods=["PUT"])
@blueprint.arguments(schemas.SetAlertSchema)
@blueprint.response(200, schemas.SpendAlertSchema)
@requires(Permission.BUY)
def put_spend_alert(command: dict[str, Any]) -> SpendAlert:
    """Say when to be told that a wallet runs low or that spending jumps."""
    with unit_of_work() as uow:
        organisation_id = OrganisationId(current_principal().organisation_id)
        alert = services.set_alert(uow, organisation_id=organisation_id, **command)
        uow.commit()
        return alert


@blueprint.route("/spend-alerts", methods=["GET"])
@blueprint.response(200, schemas.SpendAlertsSchema)
@requires(Permission.READ_ACCOUNTS)
def get_spend_alerts() -> dict[str, Any]:
    """The organisation's alerts, one a currency."""
    with unit_of_work() as uow:
        organisation_id = OrganisationId(current_principal().organisation_id)
        return {"items": queries.list_alerts(uow.session, organisation_id)}
