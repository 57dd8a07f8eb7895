"""Idempotency keys: one stored response per caller and key (IETF httpapi-idempotency-key draft)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base
from app.core.errors import CounterfoilError, ErrorKind

KEPT = timedelta(hours=24)
"""How long a response is replayed; published in the guides."""
KEY_LENGTH_MAX = 128
FORGET_MAX = 500
"""Responses that one transaction deletes; a response may be as long as a page."""


class IdempotencyKeyMissing(CounterfoilError):
    """A creating request came without its key."""

    kind = ErrorKind.MALFORMED
    slug = "idempotency-key-missing"
    title = "This request needs an Idempotency-Key"

    def __init__(self) -> None:
        super().__init__(
            f"Send a fresh Idempotency-Key header (1 to {KEY_LENGTH_MAX} visible ASCII characters)"
            " with every creating request, and the same one when you retry it."
        )


class IdempotencyKeyRepeated(CounterfoilError):
    """Two keys came, or one that cannot be told from two (RFC 9110, 5.3: lines join by commas)."""

    kind = ErrorKind.MALFORMED
    slug = "idempotency-key-repeated"
    title = "This request has more than one Idempotency-Key"

    def __init__(self) -> None:
        super().__init__("Send one Idempotency-Key header, and no comma in it.")


class IdempotencyKeyReused(CounterfoilError):
    """The same key came with another request."""

    kind = ErrorKind.INVALID
    slug = "idempotency-key-reused"
    title = "This Idempotency-Key belongs to another request"

    def __init__(self) -> None:
        super().__init__("The key was used with a different path or body; use a fresh key.")


class RequestStillRunning(CounterfoilError):
    """The first request with this key has not finished."""

    kind = ErrorKind.CONFLICT
    slug = "request-still-running"
    title = "The first request with this key is still running"

    def __init__(self) -> None:
        super().__init__("Retry the same request shortly.", retry_after_seconds=1)


class StoredResponse(Base):
    """What was answered to (caller, key)."""

    __tablename__ = "idempotent_responses"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    body: Mapped[bytes]
    content_type: Mapped[str]
    stored_at: Mapped[datetime]
    expires_at: Mapped[datetime]


@dataclass(frozen=True)
class Replay:
    """A response to be sent again."""

    status: int
    body: bytes
    content_type: str


def claim(session: Session, *, caller: str, key: str) -> bool:
    """Take the key for this transaction; false when another transaction is holding it.

    An advisory lock, not a row: it dies with its transaction, so a crash leaves nothing behind.
    """
    return bool(
        session.scalar(
            text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 20262))"),
            {"name": f"{caller}\n{key}"},
        )
    )


def find_replay(
    session: Session, *, caller: str, key: str, fingerprint: str, at: datetime
) -> Replay | None:
    """The stored response, if there is one; raises `IdempotencyKeyReused`."""
    stored = session.scalars(
        select(StoredResponse).where(
            StoredResponse.caller == caller,
            StoredResponse.key == key,
            StoredResponse.expires_at > at,
        )
    ).one_or_none()
    if stored is None:
        return None
    if stored.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Replay(stored.status, stored.body, stored.content_type)


def store(
    session: Session, *, caller: str, key: str, fingerprint: str, answer: Replay, at: datetime
) -> None:
    """Keep the response in the same transaction as its effect; an expired one is replaced."""
    values = {
        "fingerprint": fingerprint,
        "status": answer.status,
        "body": answer.body,
        "content_type": answer.content_type,
        "stored_at": at,
        "expires_at": at + KEPT,
    }
    session.execute(
        insert(StoredResponse)
        .values(caller=caller, key=key, **values)
        .on_conflict_do_update(index_elements=["caller", "key"], set_=values)
    )


def forget_expired(session: Session, *, at: datetime) -> int:
    """Delete a portion of the responses past their time; how many."""
    expired = (
        select(StoredResponse.caller, StoredResponse.key)
        .where(StoredResponse.expires_at <= at)
        .order_by(StoredResponse.expires_at)
        .limit(FORGET_MAX)
        .with_for_update(skip_locked=True)
    )
    forgotten = [tuple(row) for row in session.execute(expired)]
    session.execute(
        delete(StoredResponse).where(
            tuple_(StoredResponse.caller, StoredResponse.key).in_(forgotten)
        )
    )
    return len(forgotten)
