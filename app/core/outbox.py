"""Effects that leave the process: written in the same commit, performed after it, at least once."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base

STATES = ("waiting", "done", "dead")
ATTEMPTS_MAX = 12
"""After this many failures a message is dead and waits for a person."""
LEASE = timedelta(minutes=5)
"""Longer than an effect takes: some ten questions to a node, or test calls, of 30 s at most."""
_BACK_OFF_FIRST_SECONDS = 2
_BACK_OFF_MAX_SECONDS = 900


class OutboxMessage(Base):
    """One effect to perform; ``key`` makes the enqueueing idempotent."""

    __tablename__ = "outbox_messages"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    topic: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    payload: Mapped[dict[str, Any]]
    state: Mapped[str]
    attempts_count: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    """What the last try failed by, as a word, and behind a colon what it said."""
    enqueued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    @property
    def last_failure(self) -> str | None:
        """The word alone: the text may quote a stranger, or an address with a key in it."""
        return None if self.last_error is None else self.last_error.partition(":")[0]


def enqueue(
    session: Session, *, topic: str, payload: dict[str, Any], key: str, at: datetime
) -> None:
    """Store a message once per key; a second enqueueing of the same key changes nothing."""
    session.execute(
        insert(OutboxMessage)
        .values(
            topic=topic,
            key=key,
            payload=payload,
            state="waiting",
            attempts_count=0,
            enqueued_at=at,
            due_at=at,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )


def claim_due(session: Session, *, topics: Collection[str], at: datetime) -> OutboxMessage | None:
    """The next due message of these topics; from the commit on nobody else takes it for a lease.

    It waits on while it is worked on, and whoever dies over it gives it back when the lease ends.
    """
    statement = (
        select(OutboxMessage)
        .where(
            OutboxMessage.state == "waiting",
            OutboxMessage.due_at <= at,
            OutboxMessage.topic.in_(topics),
        )
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    message = session.scalars(statement).one_or_none()
    if message is not None:
        message.due_at = at + LEASE
    return message


def find_claimed(session: Session, claimed: OutboxMessage) -> OutboxMessage | None:
    """The claimed message, locked; None where its lease ended and somebody else took it."""
    statement = select(OutboxMessage).where(
        OutboxMessage.id == claimed.id,
        OutboxMessage.state == "waiting",
        OutboxMessage.due_at == claimed.due_at,
    )
    return session.scalars(statement.with_for_update()).one_or_none()


def mark_done(message: OutboxMessage, *, at: datetime) -> None:
    """The effect happened."""
    message.state, message.done_at, message.last_error = "done", at, None


def mark_failed(message: OutboxMessage, *, at: datetime, error: str) -> None:
    """Plan the next try with doubled, capped delay, or declare the message dead."""
    message.attempts_count += 1
    message.last_error = _storable(error)
    if message.attempts_count >= ATTEMPTS_MAX:
        message.state = "dead"
        return
    delay = min(_BACK_OFF_FIRST_SECONDS * 2 ** (message.attempts_count - 1), _BACK_OFF_MAX_SECONDS)
    message.due_at = at + timedelta(seconds=delay)


def mark_waiting(message: OutboxMessage, *, at: datetime, error: str) -> None:
    """Plan the next try of what time alone mends; it is no failure and never makes it dead.

    The message waits as long again as it has waited: the delay doubles, up to the same cap.
    """
    message.last_error = _storable(error)
    age = (at - message.enqueued_at).total_seconds()
    delay = min(max(age, _BACK_OFF_FIRST_SECONDS), _BACK_OFF_MAX_SECONDS)
    message.due_at = at + timedelta(seconds=delay)


def mark_again(message: OutboxMessage, *, at: datetime) -> None:
    """Have a dead message tried from the beginning; why it died stays until the next try."""
    message.state, message.attempts_count, message.due_at = "waiting", 0, at


def _storable(error: str) -> str:
    """What an error says as PostgreSQL can store it: a stranger's answer may stand in it."""
    return error[:500].replace("\x00", "").encode("utf-8", "replace").decode()


def backlog(session: Session) -> dict[str, int]:
    """Counts of waiting and dead messages."""
    rows = session.execute(
        text(
            "SELECT state, count(*) FROM outbox_messages"
            " WHERE state IN ('waiting', 'dead') GROUP BY state"
        )
    )
    counts = {"waiting": 0, "dead": 0}
    counts.update({state: int(count) for state, count in rows})
    return counts
