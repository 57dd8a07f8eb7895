"""The route of the books' self-audit."""

from typing import Any

from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import get, unit_of_work
from app.web.limits import limit
from ledger.journal.audit import queries, schemas
from ledger.journal.audit.ports import AuditPorts

blueprint = Blueprint(
    "imbalances", __name__, url_prefix="/v1", description="Sums that do not hold."
)


@blueprint.route("/imbalances", methods=["GET"])
@blueprint.response(200, schemas.ImbalancesSchema)
@requires(Permission.AUDIT)
@limit("6 per minute")
def get_imbalances() -> dict[str, Any]:
    """Every sum of the books that does not hold, recomputed from the rows; empty is good."""
    rules = get(AuditPorts).further_rules
    with unit_of_work() as uow:
        return {"items": queries.find_imbalances(uow.session, rules)}
