"""Requests for an anchor at once: each is answered by a head that covers all recorded before it.

A request is made in the transaction of what it is about, a revocation say, whose entry is sequenced
and published a moment later. The head that was published before would not hold it.
"""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ledger.log.anchors.models import AnchorRequest
from ledger.log.models import LogEntry, LogWaiting

REQUESTS_MAX = 1_000


class RequestBook:
    """What one anchorer knows of the waiting requests; another one learns it anew."""

    def __init__(self) -> None:
        self._covers: dict[str, int] = {}

    def ripe(self, session: Session, *, head_size: int, published_size: int) -> list[str]:
        """The waiting requests that the published head answers."""
        waiting = session.execute(
            select(AnchorRequest.id, AnchorRequest.requested_at)
            .where(AnchorRequest.answered_at.is_(None))
            .order_by(AnchorRequest.requested_at, AnchorRequest.id)
            .limit(REQUESTS_MAX)
        ).all()
        due = {request.id for request in waiting}
        self._covers = {name: size for name, size in self._covers.items() if name in due}
        oldest = _oldest_unsequenced(session)
        for request in waiting:
            is_sequenced = oldest is None or request.requested_at < oldest
            if request.id not in self._covers and is_sequenced:
                self._covers[request.id] = head_size
        return [name for name, size in self._covers.items() if size <= published_size]


def answer(session: Session, requests: list[str], *, at: datetime) -> None:
    """The requests are answered by an anchor that is planned, or by one that is there."""
    session.execute(
        update(AnchorRequest).where(AnchorRequest.id.in_(requests)).values(answered_at=at)
    )


def _oldest_unsequenced(session: Session) -> datetime | None:
    """When the oldest entry was recorded that has no place yet; None where all have theirs."""
    waiting = (
        select(func.min(LogEntry.recorded_at))
        .join(LogWaiting, LogWaiting.arrival == LogEntry.arrival)
        .where(LogWaiting.held_since.is_(None))
    )
    return session.scalar(waiting)
