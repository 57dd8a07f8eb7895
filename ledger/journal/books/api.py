"""The route of postings."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import own_organisation, unit_of_work
from app.web.paging import page_schema
from ledger.journal.books import queries, schemas
from ledger.journal.books.models import PostedLine

blueprint = Blueprint(
    "postings", __name__, url_prefix="/v1", description="What is booked: exact, balanced."
)


@blueprint.route("/postings", methods=["GET"])
@blueprint.arguments(schemas.PostingQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PostingSchema))
@requires(Permission.READ_ACCOUNTS)
def get_postings(query: dict[str, Any]) -> Page[PostedLine]:
    """Postings on the organisation's accounts, newest first."""
    page = {name: query.pop(name) for name in ("cursor", "limit")}
    wanted = queries.PostingFilter(**query)
    with unit_of_work() as uow:
        return queries.list_postings(uow.session, own_organisation(), wanted, **page)
