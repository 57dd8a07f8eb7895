"""Entries: auditors read all, parties those of their own licences."""

from typing import Any

from app.core.errors import InvalidFields
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import get, unit_of_work
from app.web.paging import page_schema
from ledger.log import queries
from ledger.log.api.blueprint import blueprint, own_organisation
from ledger.log.ports import EntryTypes
from ledger.log.queries import EntryFilter, EntryView
from ledger.log.schemas import EntryQuerySchema, LogEntrySchema


@blueprint.route("/v1/log-entries", methods=["GET"])
@blueprint.arguments(EntryQuerySchema, location="query")
@blueprint.response(200, page_schema(LogEntrySchema))
@requires(Permission.READ_OWN)
def get_log_entries(query: dict[str, Any]) -> Page[EntryView]:
    """Entries by type, licence, subject and time, newest first."""
    _demand_known_type(query["type"])
    cursor, limit = query.pop("cursor"), query.pop("limit")
    wanted = EntryFilter(own_organisation(), **query)
    with unit_of_work() as uow:
        return queries.list_entries(uow.session, wanted, cursor=cursor, limit=limit)


def _demand_known_type(entry_type: str | None) -> None:
    """Raises `InvalidFields`: the types are wired, so the schema cannot know them."""
    known = get(EntryTypes).names
    if entry_type is not None and entry_type not in known:
        detail = f"Must be one of: {', '.join(sorted(known))}."
        raise InvalidFields([{"pointer": "#/type", "detail": detail}])


@blueprint.route("/v1/log-entries/<string:leaf_hash>", methods=["GET"])
@blueprint.response(200, LogEntrySchema)
@requires(Permission.READ_OWN)
def get_log_entry(leaf_hash: str) -> EntryView:
    """One entry by its leaf hash."""
    with unit_of_work() as uow:
        return queries.get_entry(uow.session, leaf_hash, organisation_id=own_organisation())
