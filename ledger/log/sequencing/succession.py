"""Succession: which shard the log goes on in, and the proof of what each one carries on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.canonical import base64_text
from app.core.clock import iso_instant
from ledger.log.keys import LogKeys
from ledger.log.models import LogEntry, LogHead, LogPosition, SignedCheckpoint
from ledger.log.sequencing.shards import ShardCalendar, first_instant
from ledger.log.storage import shard_heads, stored_tiles
from ledger.log.tree.merkle import make_inclusion_proof

SHARDS_MAX = 200


@dataclass(frozen=True)
class Link:
    """A shard's first leaf under its newest checkpoint, and the checkpoint that the leaf names.

    ``checkpoint`` is the predecessor's, of the size that the later shard carries on.
    """

    checkpoint: SignedCheckpoint
    entry: bytes
    path: tuple[bytes, ...]

    @property
    def document(self) -> dict[str, Any]:
        """As evidence carries it."""
        return {
            "checkpoint": self.checkpoint.text,
            "opened": {
                "entry": base64_text(self.entry),
                "index": 0,
                "path": [base64_text(node) for node in self.path],
            },
        }


def current_keys(session: Session, keys: LogKeys) -> LogKeys:
    """The keys under the name of the shard that was opened last."""
    head = shard_heads.find_newest_head(session)
    return keys if head is None else keys.named(head.origin)


def opened_calendar(session: Session, host: str) -> ShardCalendar:
    """From which instant on promises name which shard."""
    heads = session.scalars(select(LogHead).order_by(LogHead.shard).limit(SHARDS_MAX))
    return ShardCalendar(
        host,
        tuple(
            (
                first_instant(head.origin, iso_instant(head.opened_at or head.integrated_at)),
                head.origin,
            )
            for head in heads
        ),
    )


def links_behind(session: Session, checkpoint: SignedCheckpoint) -> Iterator[Link]:
    """The links from a checkpoint's shard back to the first one, newest first.

    Each shard's first leaf is proved under the checkpoint that the link before it leads to; the
    first one's under the given checkpoint.
    """
    for _ in range(SHARDS_MAX):
        link = _link(session, checkpoint)
        if link is None:
            return
        yield link
        checkpoint = link.checkpoint


def _link(session: Session, later: SignedCheckpoint) -> Link | None:
    head = session.get(LogHead, later.shard)
    if head is None or head.predecessor is None:
        return None
    earlier = session.get(SignedCheckpoint, (head.predecessor, head.predecessor_size))
    assert earlier is not None, "a shard is opened over a published checkpoint only"
    entry = session.scalars(
        select(LogEntry.body)
        .join(LogPosition, LogPosition.arrival == LogEntry.arrival)
        .where(LogPosition.shard == later.shard, LogPosition.index == 0)
    ).one()
    read = stored_tiles.stored_nodes(session, later.shard)
    return Link(earlier, bytes(entry), tuple(make_inclusion_proof(read, 0, later.tree_size)))
