"""Verbs about notices: tell an organisation, number its feed, forget what is old."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from app.core.unit_of_work import UnitOfWork
from app.notices.models import Notice, WebhookDelivery, WebhookEndpoint
from app.notices.notice_types import notice_types
from app.notices.retry_rules import RETRY_FOR

KEPT_FOR = timedelta(days=90)
NUMBER_BATCH_MAX = 1_000
FORGET_BATCH_MAX = 1_000
_NUMBERING_LOCK = 0x6E6F7469  # "noti"


@dataclass(frozen=True, slots=True)
class Told:
    """One organisation and what it is told; ``data`` holds nothing of another organisation."""

    organisation_id: str
    data: dict[str, Any]


def give_notices(
    uow: UnitOfWork, notice_type: str, told: Sequence[Told], *, occurred_at: datetime
) -> None:
    """Tell each organisation, and queue a delivery for each of its endpoints that wants it.

    Part of the transaction in which it happened: either both are there, or neither.
    """
    assert notice_type in notice_types(), notice_type
    made = [
        Notice(
            id=uow.ids.new("ntc"),
            organisation_id=each.organisation_id,
            notice_type=notice_type,
            data=each.data,
            occurred_at=occurred_at,
            recorded_at=uow.now,
            number=None,
        )
        for each in told
    ]
    uow.session.add_all(made)
    uow.session.flush()
    endpoints = uow.session.execute(
        select(WebhookEndpoint.id, WebhookEndpoint.organisation_id).where(
            WebhookEndpoint.organisation_id.in_({each.organisation_id for each in told}),
            WebhookEndpoint.state == "enabled",
            (WebhookEndpoint.notice_types == func.jsonb_build_array())
            | WebhookEndpoint.notice_types.contains([notice_type]),
        )
    ).all()
    for notice in made:
        for endpoint_id, organisation_id in endpoints:
            if organisation_id == notice.organisation_id:
                queue_delivery(uow, notice, endpoint_id)


def queue_delivery(uow: UnitOfWork, notice: Notice, endpoint_id: str) -> WebhookDelivery:
    """A delivery that is due now."""
    delivery = WebhookDelivery(
        id=uow.ids.new("dlv"),
        endpoint_id=endpoint_id,
        organisation_id=notice.organisation_id,
        notice_id=notice.id,
        notice_type=notice.notice_type,
        state="waiting",
        attempts_count=0,
        attempts_before=0,
        queued_at=uow.now,
        due_at=uow.now,
        retry_until=uow.now + RETRY_FOR,
    )
    uow.session.add(delivery)
    return delivery


def number_notices(uow: UnitOfWork) -> int:
    """Give the notices that were committed since their places in their organisations' feeds.

    A place is given after the commit and by one worker at a time, so that nothing ever appears
    before what a reader of the feed has already passed. Returns how many there were.
    """
    uow.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _NUMBERING_LOCK})
    fresh = list(
        uow.session.execute(
            select(Notice.id, Notice.organisation_id)
            .where(Notice.number.is_(None))
            .order_by(Notice.id)
            .limit(NUMBER_BATCH_MAX)
        )
    )
    if fresh:
        uow.session.execute(text(_NUMBER), {"ids": [notice_id for notice_id, _ in fresh]})
    return len(fresh)


_NUMBER = """
WITH fresh AS (
    SELECT id, organisation_id,
           row_number() OVER (PARTITION BY organisation_id ORDER BY id) AS step
      FROM notices WHERE id = ANY(:ids)
), heads AS (
    INSERT INTO notice_feeds AS f (organisation_id, last_number)
    SELECT organisation_id, count(*) FROM fresh GROUP BY organisation_id
    ON CONFLICT (organisation_id) DO UPDATE SET last_number = f.last_number + excluded.last_number
    RETURNING organisation_id, last_number
)
UPDATE notices n
   SET number = heads.last_number - sizes.size + fresh.step
  FROM fresh
  JOIN heads USING (organisation_id)
  JOIN (SELECT organisation_id, count(*) AS size FROM fresh GROUP BY 1) sizes
       USING (organisation_id)
 WHERE n.id = fresh.id
"""


def forget_notices(uow: UnitOfWork) -> int:
    """Delete what is older than it is kept, with its deliveries; returns how many there were."""
    old = (
        select(Notice.id)
        .where(Notice.recorded_at < uow.now - KEPT_FOR)
        .order_by(Notice.recorded_at)
        .limit(FORGET_BATCH_MAX)
        .with_for_update(skip_locked=True)
    )
    forgotten = list(uow.session.scalars(old))
    uow.session.execute(text("DELETE FROM notices WHERE id = ANY(:ids)"), {"ids": forgotten})
    if len(forgotten) < FORGET_BATCH_MAX:
        uow.session.execute(text(_FORGET_ENDPOINTS))
    return len(forgotten)


_FORGET_ENDPOINTS = """
DELETE FROM webhook_endpoints e
 WHERE e.state = 'deleted'
   AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = e.id)
"""
