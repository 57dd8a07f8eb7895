"""Which deliveries a worker sends next: claimed for a while, bounded and fair between endpoints."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.cipher import Cipher
from app.core.clock import iso_instant
from app.notices.models import Notice, WebhookDelivery, WebhookEndpoint, secret_context

IN_FLIGHT_MAX = {"quick": 4, "slow": 1}
"""Messages under way to one endpoint at once, over all workers; slow ones failed or dragged."""
CLAIM_SECONDS = 60
"""After this time a claim lapses: its worker is taken for dead and the message is sent again.

Longer than a message may take, so that only a dead worker's messages come again.
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker sends now."""

    delivery_id: str
    endpoint_id: str
    organisation_id: str
    claim: str
    message_id: str
    url: str
    secrets: tuple[bytes, ...]
    body: bytes
    is_slow: bool
    is_failing: bool


# An endpoint's row is locked while its messages are claimed, so that the bound per endpoint holds
# over several workers; whoever finds it locked goes on to the next. Those that waited longest come
# first. A claimed delivery is due again when its claim lapses.
_CLAIM = """
WITH chosen AS (
    SELECT e.id FROM webhook_endpoints e
     WHERE e.state = 'enabled' AND e.pace = :pace
       AND EXISTS (SELECT 1 FROM webhook_deliveries d
                    WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at <= :now)
     ORDER BY e.last_claimed_at NULLS FIRST, e.id
     LIMIT :slots
       FOR NO KEY UPDATE SKIP LOCKED
), touched AS (
    UPDATE webhook_endpoints SET last_claimed_at = :now
     WHERE id IN (SELECT id FROM chosen)
), picked AS (
    SELECT due.id, due.place FROM chosen CROSS JOIN LATERAL (
        SELECT first.id, row_number() OVER (ORDER BY first.due_at, first.id) AS place FROM (
            SELECT d.id, d.due_at FROM webhook_deliveries d
             WHERE d.endpoint_id = chosen.id AND d.state = 'waiting' AND d.due_at <= :now
             ORDER BY d.due_at, d.id
             LIMIT greatest(0, :in_flight_max - (
                 SELECT count(*) FROM webhook_deliveries u
                  WHERE u.endpoint_id = chosen.id AND u.state = 'waiting'
                    AND u.claim IS NOT NULL AND u.due_at > :now))
        ) first
    ) due
    ORDER BY due.place, due.id
    LIMIT :slots
)
UPDATE webhook_deliveries d SET claim = :claim, due_at = :lapses_at
  FROM picked WHERE d.id = picked.id AND d.state = 'waiting' AND d.due_at <= :now
"""


def claim_due(
    session: Session,
    *,
    pace: str,
    slots: int,
    claim: str,
    now: datetime,
    claim_seconds: int = CLAIM_SECONDS,
) -> int:
    """Claim at most ``slots`` due messages to endpoints of this pace; returns how many."""
    claimed = session.execute(
        text(_CLAIM),
        {
            "pace": pace,
            "slots": slots,
            "claim": claim,
            "now": now,
            "lapses_at": now + timedelta(seconds=claim_seconds),
            "in_flight_max": IN_FLIGHT_MAX[pace],
        },
    )
    return int(claimed.rowcount)  # type: ignore[attr-defined] # of a cursor result


def load_claimed(
    session: Session, cipher: Cipher, claim: str, *, now: datetime
) -> Sequence[Claimed]:
    """The messages under a claim, with what is needed to send them."""
    rows = session.execute(
        select(WebhookDelivery, WebhookEndpoint, Notice)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .join(Notice, Notice.id == WebhookDelivery.notice_id)
        .where(WebhookDelivery.claim == claim)
        .order_by(WebhookDelivery.id)
    )
    return [
        Claimed(
            delivery_id=delivery.id,
            endpoint_id=endpoint.id,
            organisation_id=endpoint.organisation_id,
            claim=claim,
            message_id=notice.id,
            url=endpoint.url,
            secrets=secrets_of(endpoint, cipher, now),
            body=message_body(notice),
            is_slow=endpoint.pace == "slow",
            is_failing=endpoint.failing_since is not None,
        )
        for delivery, endpoint, notice in rows
    ]


def secrets_of(endpoint: WebhookEndpoint, cipher: Cipher, now: datetime) -> tuple[bytes, ...]:
    """The secrets that count now, the newest first."""
    context = secret_context(endpoint.id)
    assert endpoint.secret_ciphertext is not None, "only a deleted endpoint has no secret"
    found = [cipher.decrypt(endpoint.secret_ciphertext, context=context)]
    if endpoint.previous_ciphertext and endpoint.previous_until and endpoint.previous_until > now:
        found.append(cipher.decrypt(endpoint.previous_ciphertext, context=context))
    return tuple(found)


def payload_of(notice: Notice) -> dict[str, Any]:
    """The message as Standard Webhooks wants it: type, timestamp, data."""
    return {
        "type": notice.notice_type,
        "timestamp": iso_instant(notice.occurred_at),
        "data": notice.data,
    }


def message_body(notice: Notice) -> bytes:
    """The payload's bytes, the same at every attempt."""
    return json.dumps(payload_of(notice), ensure_ascii=False, separators=(",", ":")).encode()
