"""Routes of notices: their kinds, and the feed for who has no endpoint."""

from typing import Any

from app.core.principals import Permission
from app.notices import queries
from app.notices.api.blueprint import blueprint
from app.notices.notice_types import NoticeType, notice_types
from app.notices.queries import FeedPage
from app.notices.schemas import FeedPageSchema, FeedQuerySchema, NoticeTypesSchema
from app.web.access import public, requires
from app.web.context import current_principal, unit_of_work


@blueprint.route("/v1/notice-types", methods=["GET"])
@blueprint.response(200, NoticeTypesSchema)
@public("describes the interface, and nothing of anybody")
def get_notice_types() -> dict[str, list[NoticeType]]:
    """List the kinds of notices, in Chinese and English, each with an example of its data."""
    return {"items": list(notice_types().values())}


@blueprint.route("/v1/notices", methods=["GET"])
@blueprint.arguments(FeedQuerySchema, location="query")
@blueprint.response(200, FeedPageSchema)
@requires(Permission.READ_OWN)
def get_notices(query: dict[str, Any]) -> FeedPage:
    """Read what one's organisation was told in the last 90 days, oldest first.

    Keep `next_cursor` and ask with it again later: nothing is missed and nothing comes twice.
    """
    with unit_of_work() as uow:
        return queries.read_feed(uow, current_principal().organisation_id, **query)
