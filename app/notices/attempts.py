"""What an attempt changes: its delivery, the log of attempts, and the endpoint's standing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from app.core.unit_of_work import UnitOfWork
from app.notices.claims import Claimed
from app.notices.errors import WebhookEndpointNotFound
from app.notices.events import WebhookEndpointDisabled
from app.notices.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from app.notices.retry_rules import (
    ENDPOINT_OFF,
    SLOW_SECONDS,
    Attempt,
    Outcome,
    delay_after,
    is_hopeless,
    next_due,
)
from app.notices.services.endpoints import end_waiting, lock_endpoint

GONE, FAILING = "gone", "failing"
BURY_BATCH_MAX = 1_000
_log = structlog.get_logger("notices")


def note_attempt(
    uow: UnitOfWork,
    entropy: Callable[[int], bytes],
    claimed: Claimed,
    attempt: Attempt,
    *,
    started_at: datetime,
    took: timedelta,
) -> None:
    """Take over what came of a claimed message; changes nothing when the claim has lapsed."""
    is_slow = not attempt.is_delivered or took.total_seconds() > SLOW_SECONDS
    endpoint = None
    if not attempt.is_delivered or is_slow != claimed.is_slow or claimed.is_failing:
        # The endpoint first, then the delivery: the same order everywhere.
        endpoint = _lock_if_there(uow, claimed)
    delivery = _lock_claimed(uow, claimed)
    if delivery is None:
        _log.warning("claim lapsed before its result", delivery=claimed.delivery_id)
        return
    _log_attempt(uow, delivery, attempt, started_at=started_at, took=took)
    _advance(uow, entropy, delivery, attempt)
    # What an address did that the endpoint no longer has says nothing of its new one.
    if endpoint is not None and endpoint.is_enabled and endpoint.url == claimed.url:
        endpoint.pace = "slow" if is_slow else "quick"
        _judge_endpoint(uow, endpoint, attempt)


def _lock_if_there(uow: UnitOfWork, claimed: Claimed) -> WebhookEndpoint | None:
    try:
        return lock_endpoint(uow, claimed.organisation_id, claimed.endpoint_id)
    except WebhookEndpointNotFound:
        return None  # deleted meanwhile


def _lock_claimed(uow: UnitOfWork, claimed: Claimed) -> WebhookDelivery | None:
    statement = (
        select(WebhookDelivery)
        .where(WebhookDelivery.id == claimed.delivery_id, WebhookDelivery.claim == claimed.claim)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return uow.session.scalars(statement).one_or_none()


def _log_attempt(
    uow: UnitOfWork,
    delivery: WebhookDelivery,
    attempt: Attempt,
    *,
    started_at: datetime,
    took: timedelta,
) -> None:
    delivery.attempts_count += 1
    delivery.last_outcome, delivery.last_status = attempt.outcome.value, attempt.status
    uow.session.add(
        WebhookAttempt(
            delivery_id=delivery.id,
            number=delivery.attempts_count,
            organisation_id=delivery.organisation_id,
            started_at=started_at,
            milliseconds=round(took.total_seconds() * 1000),
            outcome=attempt.outcome.value,
            status=attempt.status,
        )
    )


def _advance(
    uow: UnitOfWork,
    entropy: Callable[[int], bytes],
    delivery: WebhookDelivery,
    attempt: Attempt,
) -> None:
    if attempt.is_delivered:
        delivery.end("delivered", at=uow.now)
        return
    delay = delay_after(delivery.failures_in_a_row, entropy, attempt.retry_after_seconds)
    due = next_due(uow.now, delay, delivery.retry_until)
    if due is None:
        delivery.end("dead", at=uow.now)
    else:
        delivery.due_at, delivery.claim = due, None


def _judge_endpoint(uow: UnitOfWork, endpoint: WebhookEndpoint, attempt: Attempt) -> None:
    if attempt.is_delivered:
        endpoint.failing_since = None
        return
    endpoint.failing_since = endpoint.failing_since or uow.now
    if attempt.outcome is Outcome.GONE:
        _switch_off(uow, endpoint, GONE)
    elif is_hopeless(endpoint.failing_since, uow.now):
        _switch_off(uow, endpoint, FAILING)


def _switch_off(uow: UnitOfWork, endpoint: WebhookEndpoint, reason: str) -> None:
    endpoint.switch_off(reason, at=uow.now)
    uow.session.flush()
    end_waiting(uow, endpoint.id)
    uow.record(
        WebhookEndpointDisabled(
            occurred_at=uow.now,
            endpoint_id=endpoint.id,
            organisation_id=endpoint.organisation_id,
            reason=reason,
        )
    )


def bury_stranded(uow: UnitOfWork) -> int:
    """End what waits for an endpoint that went off while it was queued; returns how many."""
    stranded = (
        select(WebhookDelivery.id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.state == "waiting", WebhookEndpoint.state != "enabled")
        .limit(BURY_BATCH_MAX)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    )
    found = list(uow.session.scalars(stranded))
    if found:
        uow.session.execute(
            update(WebhookDelivery)
            .where(WebhookDelivery.id.in_(found))
            .values(state="dead", ended_at=uow.now, claim=None, last_outcome=ENDPOINT_OFF)
            .execution_options(synchronize_session=False)
        )
    return len(found)
