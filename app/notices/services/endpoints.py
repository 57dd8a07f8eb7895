"""Verbs about webhook endpoints: create, change, delete, rotate the secret, try out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, text, update

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from app.notices.errors import (
    WebhookEndpointDisabledNow,
    WebhookEndpointLimitReached,
    WebhookEndpointNotFound,
)
from app.notices.models import Notice, WebhookDelivery, WebhookEndpoint, secret_context
from app.notices.notice_types import PING, check_notice_types
from app.notices.ports import WebhookKit
from app.notices.receiver_urls import read_receiver_url
from app.notices.retry_rules import ENDPOINT_OFF
from app.notices.services.notices import queue_delivery
from app.notices.signatures import new_secret, secret_text

ENDPOINTS_MAX = 20
BY_OWNER = "by_owner"


@dataclass(frozen=True)
class IssuedEndpoint:
    """An endpoint and, this once, its secret's text."""

    endpoint: WebhookEndpoint
    secret: str


def create_endpoint(
    uow: UnitOfWork,
    kit: WebhookKit,
    principal: Principal,
    *,
    url: str,
    description: str,
    notice_types: Sequence[str],
) -> IssuedEndpoint:
    """An endpoint of the principal's organisation; no chosen types means all, future ones too.

    Raises `UnfitReceiverUrl`, `UnknownNoticeTypes`, `WebhookEndpointLimitReached`.
    """
    read_receiver_url(url, kit.policy)
    chosen = check_notice_types(notice_types)
    _check_room_for_one_more(uow, principal.organisation_id)
    endpoint_id, secret = uow.ids.new("whe"), new_secret(kit.entropy)
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        organisation_id=principal.organisation_id,
        url=url,
        description=description,
        notice_types=chosen,
        state="enabled",
        secret_ciphertext=kit.cipher.encrypt(secret, context=secret_context(endpoint_id)),
        secret_made_at=uow.now,
        pace="quick",
        created_by=principal.id,
        created_at=uow.now,
        changed_at=uow.now,
    )
    uow.session.add(endpoint)
    return IssuedEndpoint(endpoint, secret_text(secret))


def change_endpoint(
    uow: UnitOfWork,
    kit: WebhookKit,
    principal: Principal,
    *,
    endpoint_id: str,
    url: str | None = None,
    description: str | None = None,
    notice_types: Sequence[str] | None = None,
    is_enabled: bool | None = None,
) -> WebhookEndpoint:
    """Change what is given; switching on starts afresh, switching off ends what waits.

    Raises `WebhookEndpointNotFound`, `UnfitReceiverUrl`, `UnknownNoticeTypes`.
    """
    endpoint = lock_endpoint(uow, principal.organisation_id, endpoint_id)
    if url is not None:
        read_receiver_url(url, kit.policy)
        endpoint.url, endpoint.failing_since, endpoint.pace = url, None, "quick"
    if description is not None:
        endpoint.description = description
    if notice_types is not None:
        endpoint.notice_types = check_notice_types(notice_types)
    if is_enabled and not endpoint.is_enabled:
        endpoint.switch_on()
    elif is_enabled is False and endpoint.is_enabled:
        endpoint.switch_off(BY_OWNER, at=uow.now)
        end_waiting(uow, endpoint_id)
    endpoint.changed_at = uow.now
    return endpoint


def delete_endpoint(uow: UnitOfWork, principal: Principal, *, endpoint_id: str) -> None:
    """End an endpoint for good and forget its secrets; its log of deliveries stays.

    Raises `WebhookEndpointNotFound`.
    """
    endpoint = lock_endpoint(uow, principal.organisation_id, endpoint_id)
    endpoint.state, endpoint.disabled_reason = "deleted", "deleted"
    endpoint.disabled_at = endpoint.changed_at = uow.now
    endpoint.secret_ciphertext = endpoint.previous_ciphertext = endpoint.previous_until = None
    end_waiting(uow, endpoint_id)


def rotate_secret(
    uow: UnitOfWork,
    kit: WebhookKit,
    principal: Principal,
    *,
    endpoint_id: str,
    overlap_seconds: int,
) -> IssuedEndpoint:
    """A new secret; until the overlap ends, messages carry a signature of the old one as well.

    At most two secrets count: rotating again within the overlap ends the oldest at once. Raises
    `WebhookEndpointNotFound`.
    """
    endpoint = lock_endpoint(uow, principal.organisation_id, endpoint_id)
    secret = new_secret(kit.entropy)
    endpoint.previous_ciphertext = endpoint.previous_until = None
    if overlap_seconds:
        endpoint.previous_ciphertext = endpoint.secret_ciphertext
        endpoint.previous_until = uow.now + timedelta(seconds=overlap_seconds)
    endpoint.secret_ciphertext = kit.cipher.encrypt(secret, context=secret_context(endpoint_id))
    endpoint.secret_made_at = endpoint.changed_at = uow.now
    return IssuedEndpoint(endpoint, secret_text(secret))


def ping_endpoint(uow: UnitOfWork, principal: Principal, *, endpoint_id: str) -> WebhookDelivery:
    """Queue a test message for this endpoint alone, whatever types it chose.

    Raises `WebhookEndpointNotFound`, `WebhookEndpointDisabledNow`.
    """
    endpoint = lock_endpoint(uow, principal.organisation_id, endpoint_id)
    if not endpoint.is_enabled:
        raise WebhookEndpointDisabledNow(endpoint_id)
    notice = Notice(
        id=uow.ids.new("ntc"),
        organisation_id=endpoint.organisation_id,
        notice_type=PING,
        data={"endpoint_id": endpoint_id},
        occurred_at=uow.now,
        recorded_at=uow.now,
        number=None,
    )
    uow.session.add(notice)
    uow.session.flush()
    delivery = queue_delivery(uow, notice, endpoint_id)
    uow.session.flush()
    return delivery


def lock_endpoint(uow: UnitOfWork, organisation_id: str, endpoint_id: str) -> WebhookEndpoint:
    """The endpoint for changing; raises `WebhookEndpointNotFound`.

    Always locked before its deliveries, so that nobody waits in a circle; without blocking the
    foreign keys of deliveries that other transactions are writing.
    """
    statement = (
        select(WebhookEndpoint)
        .where(
            WebhookEndpoint.id == endpoint_id,
            WebhookEndpoint.organisation_id == organisation_id,
            WebhookEndpoint.state != "deleted",
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    endpoint = uow.session.scalars(statement).one_or_none()
    if endpoint is None:
        raise WebhookEndpointNotFound(endpoint_id)
    return endpoint


def end_waiting(uow: UnitOfWork, endpoint_id: str) -> None:
    """What waits for an endpoint that is off becomes a dead letter; a replay brings it back."""
    uow.session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.state == "waiting")
        .values(state="dead", ended_at=uow.now, claim=None, last_outcome=ENDPOINT_OFF)
        .execution_options(synchronize_session=False)
    )


def _check_room_for_one_more(uow: UnitOfWork, organisation_id: str) -> None:
    key = f"webhook_endpoints:{organisation_id}"
    uow.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key}
    )
    count = select(func.count()).where(
        WebhookEndpoint.organisation_id == organisation_id, WebhookEndpoint.state != "deleted"
    )
    if uow.session.scalars(count).one() >= ENDPOINTS_MAX:
        raise WebhookEndpointLimitReached(ENDPOINTS_MAX)
