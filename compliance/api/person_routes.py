"""The route that shows how many records of persons were delivered, to whom."""

from typing import Any

from app.core.principals import Permission
from app.web.access import requires
from app.web.context import unit_of_work
from compliance.api.blueprint import blueprint
from compliance.queries.persons import list_person_totals
from compliance.rules.person_thresholds import load
from compliance.schemas.persons import PersonTotalQuerySchema, PersonTotalsSchema


@blueprint.route("/person-totals", methods=["GET"])
@blueprint.arguments(PersonTotalQuerySchema, location="query")
@blueprint.response(200, PersonTotalsSchema)
@requires(Permission.READ_EXCHANGE)
def get_person_totals(query: dict[str, Any]) -> dict[str, Any]:
    """Records of persons delivered by supplier, buyer and year, against the criminal thresholds.

    Counted from metered calls by the worker, so that the newest minute may be missing.
    """
    with unit_of_work() as uow:
        items = list_person_totals(uow, **query)
    known = load()
    return {
        "items": items,
        "thresholds": known["thresholds"],
        "source": known["source"],
        "is_confirmed": known["confirmed"],
    }
