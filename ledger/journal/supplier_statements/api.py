"""The route of statements: what a supplier earned in a period."""

from typing import Any

from app.core.ids import OrganisationId
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, unit_of_work
from ledger.journal.books.errors import PeriodUnfit
from ledger.journal.supplier_statements import queries, schemas

blueprint = Blueprint(
    "supplier_statements", __name__, url_prefix="/v1", description="What suppliers earned."
)


@blueprint.route("/statements", methods=["GET"])
@blueprint.arguments(schemas.StatementQuerySchema, location="query")
@blueprint.response(200, schemas.StatementSchema)
@requires(Permission.OFFER_PRODUCTS)
def get_statement(query: dict[str, Any]) -> queries.SupplierStatement:
    """What the supplier earned in a period, exactly, per licence."""
    with unit_of_work() as uow:
        if query["from_at"] >= query["until_at"]:
            raise PeriodUnfit(query["from_at"], query["until_at"], uow.now)
        supplier_id = OrganisationId(current_principal().organisation_id)
        return queries.supplier_statement(uow.session, supplier_id, **query)
