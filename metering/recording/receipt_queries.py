"""Usage receipts again: made from what is stored of a call, byte for byte as the first time."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.clock import iso_instant
from app.core.signing import Signer
from metering.errors import UsageReceiptNotFound
from metering.models import UsageEvent
from metering.recording.receipts import ReceiptParts, signed_receipt

NUMBER_MAX = 2**53 - 1


@dataclass(frozen=True)
class StoredReceipts:
    """Makes receipts with the key, and under the log's shard, of each call's instant."""

    signer_at: Callable[[str], Signer]

    def receipts(self, session: Session, licence_id: str, limit: int) -> Iterable[dict[str, Any]]:
        """Receipts of a licence, at most ``limit``, oldest first."""
        statement = (
            select(UsageEvent)
            .where(UsageEvent.licence_id == licence_id)
            .order_by(UsageEvent.event_id)
            .limit(limit)
        )
        for event in session.scalars(statement):
            yield json.loads(self._make(event))

    def receipt(
        self, session: Session, organisation_id: str | None, *, licence_id: str, lane: int, n: int
    ) -> bytes:
        """One receipt; raises `UsageReceiptNotFound`, also for another organisation's call."""
        if max(lane, n) > NUMBER_MAX or not licence_id.isascii() or not licence_id.isprintable():
            raise UsageReceiptNotFound  # PostgreSQL has no such number, and no such text
        statement = select(UsageEvent).where(
            UsageEvent.licence_id == licence_id, UsageEvent.lane == lane, UsageEvent.n == n
        )
        if organisation_id is not None:
            statement = statement.where(
                or_(
                    UsageEvent.buyer_id == organisation_id,
                    UsageEvent.supplier_id == organisation_id,
                )
            )
        event = session.scalars(statement).one_or_none()
        if event is None:
            raise UsageReceiptNotFound
        return self._make(event)

    def _make(self, event: UsageEvent) -> bytes:
        parts = ReceiptParts(
            event.leaf,
            event.leaf_hash,
            event.detail,
            event.detail_key,
            iso_instant(event.occurred_at),
        )
        return signed_receipt(parts, self.signer_at)
