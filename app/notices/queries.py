"""Reads of this room; each filters by organisation itself, whatever row-level security does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from app.core.paging import (
    LIMIT_MAX,
    InvalidCursor,
    Page,
    between,
    decode_cursor,
    encode_cursor,
    paginate,
)
from app.core.unit_of_work import UnitOfWork
from app.notices.claims import payload_of
from app.notices.errors import WebhookDeliveryNotFound, WebhookEndpointNotFound
from app.notices.models import Notice, WebhookAttempt, WebhookDelivery, WebhookEndpoint


@dataclass(frozen=True)
class FeedPage:
    """Some of a feed, oldest first; the cursor goes on from here, also when nothing is left yet."""

    items: list[Notice]
    next_cursor: str
    has_more: bool


@dataclass(frozen=True)
class DeliveryDetails:
    """A delivery with its message and every attempt."""

    delivery: WebhookDelivery
    payload: dict[str, Any]
    attempts: Sequence[WebhookAttempt]


def list_endpoints(
    uow: UnitOfWork, organisation_id: str, *, cursor: str | None, limit: int
) -> Page[WebhookEndpoint]:
    """The endpoints of one organisation, newest first."""
    statement = select(WebhookEndpoint).where(
        WebhookEndpoint.organisation_id == organisation_id, WebhookEndpoint.state != "deleted"
    )
    return paginate(uow.session, statement, key=WebhookEndpoint.id, cursor=cursor, limit=limit)


def get_endpoint(uow: UnitOfWork, organisation_id: str, endpoint_id: str) -> WebhookEndpoint:
    """One endpoint; raises `WebhookEndpointNotFound`."""
    statement = select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id,
        WebhookEndpoint.organisation_id == organisation_id,
        WebhookEndpoint.state != "deleted",
    )
    found = uow.session.scalars(statement).one_or_none()
    if found is None:
        raise WebhookEndpointNotFound(endpoint_id)
    return found


def list_deliveries(
    uow: UnitOfWork,
    organisation_id: str | None,
    *,
    cursor: str | None,
    limit: int,
    **filters: str | None,
) -> Page[WebhookDelivery]:
    """Deliveries, newest first; of every organisation where none is given (the exchange's staff).

    ``filters`` are columns and the value that each must have, or None.
    """
    statement = select(WebhookDelivery)
    if organisation_id is not None:
        statement = statement.where(WebhookDelivery.organisation_id == organisation_id)
    for column, value in filters.items():
        if value is not None:
            statement = statement.where(_column(column) == value)
    return paginate(uow.session, statement, key=WebhookDelivery.id, cursor=cursor, limit=limit)


def _column(name: str) -> ColumnElement[str]:
    return {
        "endpoint_id": WebhookDelivery.endpoint_id,
        "notice_id": WebhookDelivery.notice_id,
        "notice_type": WebhookDelivery.notice_type,
        "state": WebhookDelivery.state,
    }[name].expression


def get_delivery(uow: UnitOfWork, organisation_id: str, delivery_id: str) -> DeliveryDetails:
    """One delivery, what it sends, and each attempt; raises `WebhookDeliveryNotFound`."""
    row = uow.session.execute(
        select(WebhookDelivery, Notice)
        .join(Notice, Notice.id == WebhookDelivery.notice_id)
        .where(
            WebhookDelivery.id == delivery_id, WebhookDelivery.organisation_id == organisation_id
        )
    ).one_or_none()
    if row is None:
        raise WebhookDeliveryNotFound(delivery_id)
    delivery, notice = row
    attempts = uow.session.scalars(
        select(WebhookAttempt)
        .where(WebhookAttempt.delivery_id == delivery_id)
        .order_by(WebhookAttempt.number)
    )
    return DeliveryDetails(delivery, payload_of(notice), list(attempts))


def read_feed(
    uow: UnitOfWork,
    organisation_id: str,
    *,
    cursor: str | None,
    limit: int,
    from_at: datetime | None,
    until_at: datetime | None,
    notice_type: str | None,
) -> FeedPage:
    """What an organisation was told, oldest first; raises `InvalidCursor`.

    Notices appear here in the order of their numbers, which are given after the commit: whoever
    goes on from ``next_cursor`` misses nothing and reads nothing twice.
    """
    after = _read_cursor(cursor)
    statement = select(Notice).where(
        Notice.organisation_id == organisation_id, Notice.number > after
    )
    statement = statement.where(*between(Notice.recorded_at, from_at, until_at))
    if notice_type is not None:
        statement = statement.where(Notice.notice_type == notice_type)
    wanted = min(limit, LIMIT_MAX)
    found = list(uow.session.scalars(statement.order_by(Notice.number).limit(wanted + 1)))
    items = found[:wanted]
    last = items[-1].number if items else after
    return FeedPage(items, encode_cursor(str(last)), has_more=len(found) > wanted)


def _read_cursor(cursor: str | None) -> int:
    if cursor is None:
        return 0
    number = decode_cursor(cursor)
    # Eighteen digits stay below the largest bigint.
    if not number.isascii() or not number.isdecimal() or len(number) > 18:  # noqa: PLR2004
        raise InvalidCursor
    return int(number)


def count_deliveries(uow: UnitOfWork) -> dict[str, int]:
    """How many wait and how many are dead, over all organisations, for the metrics."""
    rows = uow.session.execute(
        select(WebhookDelivery.state, func.count())
        .where(WebhookDelivery.state.in_(["waiting", "dead"]))
        .group_by(WebhookDelivery.state)
    )
    counts = {"waiting": 0, "dead": 0}
    counts.update({state: int(count) for state, count in rows})
    return counts
