"""How far each shard of the log has come: its head, read, opened, advanced and closed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger.log.errors import HeadMoved
from ledger.log.models import LogHead
from ledger.log.tree.merkle import EMPTY_ROOT
from ledger.log.tree.tiles import Growth


@dataclass(frozen=True)
class Head:
    """The integrated tree of a shard as one transaction sees it."""

    shard: int
    origin: str
    tree_size: int
    root_hash: bytes
    epoch: int
    stopped_reason: str | None
    is_closed: bool = False


def unopened(origin: str) -> Head:
    """The head of a shard that nobody has opened."""
    return Head(0, origin, tree_size=0, root_hash=EMPTY_ROOT, epoch=0, stopped_reason=None)


def get_head(session: Session, origin: str) -> Head:
    """The head of an opened shard."""
    head = find_head(session, origin)
    assert head is not None, "the shard was opened in this transaction or before"
    return head


def find_head(session: Session, origin: str) -> Head | None:
    """The head of the shard of that origin."""
    row = session.scalars(
        select(LogHead).where(LogHead.origin == origin).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    return _as_head(row)


def find_newest_head(session: Session) -> Head | None:
    """The head of the shard that was opened last; where the log goes on."""
    row = session.scalars(
        select(LogHead)
        .order_by(LogHead.shard.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else _as_head(row)


def signing_stopped(session: Session) -> str | None:
    """Why checkpoints of the open shard are no longer signed, or None while all is well."""
    head = find_newest_head(session)
    return None if head is None else head.stopped_reason


def list_newest_shards(session: Session, limit: int) -> list[int]:
    """The numbers of the shards that were opened last, newest first."""
    return list(session.scalars(select(LogHead.shard).order_by(LogHead.shard.desc()).limit(limit)))


def list_heads(session: Session) -> list[Head]:
    """Every shard's head, in the order of their opening."""
    rows = select(LogHead).order_by(LogHead.shard).execution_options(populate_existing=True)
    return [_as_head(row) for row in session.scalars(rows)]


def _as_head(row: LogHead) -> Head:
    return Head(
        row.shard,
        row.origin,
        row.tree_size,
        row.root_hash,
        row.epoch,
        row.stopped_reason,
        is_closed=row.closed_at is not None,
    )


def add_head(
    session: Session, origin: str, *, at: datetime, predecessor: tuple[int, int] | None = None
) -> bool:
    """Open the shard of that origin; false when it is open already.

    ``predecessor`` is the shard that it carries on and how many of its leaves it builds upon.
    """
    shard, size = predecessor or (None, None)
    statement = (
        insert(LogHead)
        .values(
            origin=origin,
            tree_size=0,
            root_hash=EMPTY_ROOT,
            epoch=0,
            integrated_at=at,
            opened_at=at,
            predecessor=shard,
            predecessor_size=size,
        )
        .on_conflict_do_nothing(index_elements=["origin"])
        .returning(LogHead.shard)
    )
    return session.scalar(statement) is not None


def close_head(session: Session, origin: str, *, at: datetime) -> None:
    """Let the shard grow no more; a second time changes nothing."""
    session.execute(
        text("UPDATE log_head SET closed_at = :at WHERE origin = :origin AND closed_at IS NULL"),
        {"at": at, "origin": origin},
    )


def stop_signing(session: Session, origin: str, reason: str) -> None:
    """Mark the shard: no checkpoint of it is ever signed again; recovery is a new shard."""
    session.execute(
        text("UPDATE log_head SET stopped_reason = :reason WHERE origin = :origin"),
        {"reason": reason, "origin": origin},
    )


def try_liveness_lock(session: Session, origin: str) -> bool:
    """Whether this transaction is the one that sequences now.

    Only saves work: safety is the compare-and-set of `advance_head`, which needs no lock.
    """
    return bool(
        session.scalar(
            text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 6962))"),
            {"name": f"log sequencer {origin}"},
        )
    )


def advance_head(session: Session, head: Head, growth: Growth, *, at: datetime) -> None:
    """Compare and set: raise `HeadMoved` unless the head is still the one that was read."""
    moved = session.execute(
        text(
            "UPDATE log_head SET tree_size = :size, root_hash = :root, epoch = epoch + 1,"
            " integrated_at = :at WHERE shard = :shard AND epoch = :old_epoch"
            " AND tree_size = :old_size AND root_hash = :old_root AND closed_at IS NULL"
            " RETURNING epoch"
        ),
        {
            "size": growth.size,
            "root": growth.root,
            "at": at,
            "shard": head.shard,
            "old_epoch": head.epoch,
            "old_size": head.tree_size,
            "old_root": head.root_hash,
        },
    )
    if moved.scalar_one_or_none() is None:
        raise HeadMoved
