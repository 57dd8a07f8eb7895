"""Verbs about sending again: one delivery, or everything that did not arrive since an instant."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from app.notices.errors import WebhookDeliveryNotFound, WebhookEndpointDisabledNow
from app.notices.models import Notice, WebhookDelivery, WebhookEndpoint
from app.notices.notice_types import PING
from app.notices.retry_rules import RETRY_FOR
from app.notices.services.endpoints import lock_endpoint
from app.notices.services.notices import queue_delivery

REPLAY_MAX = 1_000
"""Deliveries that one request queues again; `has_more` says that another one is needed."""


@dataclass(frozen=True)
class Replayed:
    """How many were queued, and whether as many again may be left."""

    queued_count: int
    has_more: bool


def replay_delivery(uow: UnitOfWork, principal: Principal, *, delivery_id: str) -> WebhookDelivery:
    """Send one again under the same webhook-id, delivered or dead; a waiting one stays as it is.

    Raises `WebhookDeliveryNotFound`, `WebhookEndpointNotFound`, `WebhookEndpointDisabledNow`.
    """
    found = _find(uow, principal, delivery_id)
    _lock_enabled(uow, principal, found.endpoint_id)
    delivery = _find(uow, principal, delivery_id, lock=True)
    if delivery.state != "waiting":
        delivery.wait_again(uow.now, uow.now + RETRY_FOR)
    return delivery


def replay_since(
    uow: UnitOfWork, principal: Principal, *, endpoint_id: str, since: datetime
) -> Replayed:
    """Queue again what died since then, and what was never queued because the endpoint was off.

    Oldest first. Raises `WebhookEndpointNotFound`, `WebhookEndpointDisabledNow`.
    """
    endpoint = _lock_enabled(uow, principal, endpoint_id)
    dead = list(uow.session.scalars(_dead_since(endpoint_id, since)))
    for delivery in dead:
        delivery.wait_again(uow.now, uow.now + RETRY_FOR)
    room = REPLAY_MAX - len(dead)
    missed = _missed_since(uow, endpoint, since, room) if room else []
    for notice in missed:
        queue_delivery(uow, notice, endpoint_id)
    count = len(dead) + len(missed)
    return Replayed(count, has_more=count == REPLAY_MAX)


def _dead_since(endpoint_id: str, since: datetime) -> Select[WebhookDelivery]:
    return (
        select(WebhookDelivery)
        .join(Notice, Notice.id == WebhookDelivery.notice_id)
        .where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.state == "dead",
            Notice.recorded_at >= since,
        )
        .order_by(WebhookDelivery.id)
        .limit(REPLAY_MAX)
        .with_for_update(of=WebhookDelivery)
        .execution_options(populate_existing=True)
    )


def _missed_since(
    uow: UnitOfWork, endpoint: WebhookEndpoint, since: datetime, limit: int
) -> list[Notice]:
    queued = exists().where(
        WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.notice_id == Notice.id
    )
    statement = (
        select(Notice)
        .where(
            Notice.organisation_id == endpoint.organisation_id,
            Notice.recorded_at >= since,
            Notice.notice_type != PING,
            ~queued,
        )
        .order_by(Notice.id)
        .limit(limit)
    )
    if endpoint.notice_types:
        statement = statement.where(Notice.notice_type.in_(endpoint.notice_types))
    return list(uow.session.scalars(statement))


def _lock_enabled(uow: UnitOfWork, principal: Principal, endpoint_id: str) -> WebhookEndpoint:
    endpoint = lock_endpoint(uow, principal.organisation_id, endpoint_id)
    if not endpoint.is_enabled:
        raise WebhookEndpointDisabledNow(endpoint_id)
    return endpoint


def _find(
    uow: UnitOfWork, principal: Principal, delivery_id: str, *, lock: bool = False
) -> WebhookDelivery:
    statement = select(WebhookDelivery).where(
        WebhookDelivery.id == delivery_id,
        WebhookDelivery.organisation_id == principal.organisation_id,
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = uow.session.scalars(statement).one_or_none()
    if found is None:
        raise WebhookDeliveryNotFound(delivery_id)
    return found
