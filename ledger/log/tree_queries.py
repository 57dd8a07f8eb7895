"""Reads of the published tree: tiles, entry bundles and proofs, all from stored nodes."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.canonical import base64_text
from ledger.log.errors import (
    CheckpointNotPublished,
    CheckpointNotWitnessed,
    EvidenceRefused,
    LogEntryNotFound,
    LogShardNotFound,
    NotYetPublished,
    TileNotFound,
    TreeSizeNotPublished,
)
from ledger.log.models import LogEntry, LogEntrySubject, LogPosition, SignedCheckpoint
from ledger.log.queries import find_checkpoint, parse_leaf_hash, published_size
from ledger.log.sequencing.publication import newest_checkpoint
from ledger.log.sequencing.shards import parse_origin
from ledger.log.sequencing.succession import links_behind
from ledger.log.storage import shard_heads, stored_tiles
from ledger.log.tree.merkle import (
    HASH_BYTES,
    NodeReader,
    make_consistency_proof,
    make_inclusion_proof,
    root_at,
)
from ledger.log.tree.proofs import LedgerProof, consistency_document
from ledger.log.tree.tiles import LEVELS_MAX, TILE_WIDTH, TileAddress, parse_tile_path, width_of
from ledger.log.witnesses.queries import cosigned_note, find_witnessed


@dataclass(frozen=True)
class ShardView:
    """A shard as it is listed: its folder below ``/log/``, and how far it has been published."""

    shard: str
    origin: str
    published_size: int
    is_closed: bool
    stopped_reason: str | None


@dataclass(frozen=True)
class PublishedTree:
    """A checkpoint and a reader of the nodes below it."""

    checkpoint: SignedCheckpoint
    note: str
    read: NodeReader

    @property
    def size(self) -> int:
        """The published tree size."""
        return self.checkpoint.tree_size

    def prove(self, index: int) -> LedgerProof:
        """The ledger proof of the leaf at that index."""
        path = make_inclusion_proof(self.read, index, self.size)
        return LedgerProof(index, tuple(path), self.note)


def get_checkpoint(session: Session, origin: str) -> SignedCheckpoint:
    """The newest checkpoint. Raises `CheckpointNotPublished`."""
    checkpoint = find_checkpoint(session, origin)
    if checkpoint is None:
        raise CheckpointNotPublished
    return checkpoint


def get_shard_origin(session: Session, shard: str) -> str:
    """The origin of the shard in that folder below ``/log/``. Raises `LogShardNotFound`."""
    for head in reversed(shard_heads.list_heads(session)):
        name = parse_origin(head.origin)
        if name is not None and name.path == shard:
            return head.origin
    raise LogShardNotFound(shard[:20])


def list_shards(session: Session) -> list[ShardView]:
    """Every shard of the log, the open one first."""
    return [
        ShardView(
            shard="" if name is None else name.path,
            origin=head.origin,
            published_size=published_size(session, head.shard),
            is_closed=head.is_closed,
            stopped_reason=head.stopped_reason,
        )
        for head in reversed(shard_heads.list_heads(session))
        for name in [parse_origin(head.origin)]
    ]


def get_opening(session: Session, origin: str) -> dict[str, object]:
    """The shard's first leaf under its newest checkpoint, and what it carries on.

    Needs the exchange's reach. Raises `CheckpointNotPublished`.
    """
    checkpoint = get_checkpoint(session, origin)
    tree = open_tree(session, checkpoint)
    (entry,) = load_entries(session, checkpoint.shard, 0, 1)
    links = next(links_behind(session, checkpoint), None)
    return {
        "origin": origin,
        "checkpoint": tree.note,
        "opened": {
            "entry": base64_text(entry),
            "index": 0,
            "path": [base64_text(node) for node in tree.prove(0).path],
        },
        "predecessor_checkpoint": None if links is None else links.checkpoint.text,
    }


def get_witnessed_note(session: Session, origin: str) -> str:
    """The newest note that enough witnesses cosigned. Raises `CheckpointNotWitnessed`."""
    head = shard_heads.find_head(session, origin)
    checkpoint = None if head is None else find_witnessed(session, head.shard)
    if checkpoint is None:
        raise CheckpointNotWitnessed
    return cosigned_note(session, checkpoint)


def open_tree(session: Session, checkpoint: SignedCheckpoint) -> PublishedTree:
    """The tree under a checkpoint; its tiles are read once each."""
    note = cosigned_note(session, checkpoint)
    return PublishedTree(checkpoint, note, stored_tiles.stored_nodes(session, checkpoint.shard))


def _parse(session: Session, origin: str, level: int, path: str) -> tuple[int, TileAddress, int]:
    """Shard, address and width of a published tile. Raises `TileNotFound`."""
    checkpoint = find_checkpoint(session, origin)
    try:
        number, width = parse_tile_path(path)
    except EvidenceRefused:
        raise TileNotFound(path[:100]) from None
    address = TileAddress(level, number)
    if checkpoint is None or width > width_of(checkpoint.tree_size, address):
        raise TileNotFound(path[:100])
    return checkpoint.shard, address, width


def get_tile(session: Session, origin: str, level: str, path: str) -> bytes:
    """The hashes of a published tile, as wide as its path says. Raises `TileNotFound`."""
    if level not in {str(number) for number in range(LEVELS_MAX)}:
        raise TileNotFound(path[:100])
    shard, address, width = _parse(session, origin, int(level), path)
    tiles = stored_tiles.load_tiles(session, shard, [address])
    return tiles[address][: width * HASH_BYTES]


def get_entry_bundle(session: Session, origin: str, path: str) -> bytes:
    """The entries under a level 0 tile, each behind its length in two bytes. Raises `TileNotFound`.

    Needs the exchange's reach.
    """
    shard, address, width = _parse(session, origin, 0, path)
    start = address.number * TILE_WIDTH
    return b"".join(
        len(body).to_bytes(2) + body for body in load_entries(session, shard, start, start + width)
    )


def load_entries(session: Session, shard: int, start: int, end: int) -> list[bytes]:
    """The leaf bytes at the indices from ``start`` up to ``end``."""
    bodies = session.scalars(
        select(LogEntry.body)
        .join(LogPosition, LogPosition.arrival == LogEntry.arrival)
        .where(LogPosition.shard == shard, LogPosition.index >= start, LogPosition.index < end)
        .order_by(LogPosition.index)
    )
    return [bytes(body) for body in bodies]


def get_ledger_proof(session: Session, leaf_hash: str) -> LedgerProof:
    """The proof of an entry under its shard's newest witnessed checkpoint, or else the newest.

    Witnesses take a moment: an entry that is newer than what they cosigned is proved by the log's
    own signature alone. Needs the exchange's reach. Raises `LogEntryNotFound`, `NotYetPublished`.
    """
    found = session.execute(
        select(LogEntry.arrival, LogPosition)
        .join(LogPosition, LogPosition.arrival == LogEntry.arrival, isouter=True)
        .where(LogEntry.leaf_hash == parse_leaf_hash(leaf_hash))
        # One that an ended shard never published stands in its successor as well.
        .order_by(LogPosition.shard.desc().nulls_last())
        .limit(1)
    ).one_or_none()
    if found is None:
        raise LogEntryNotFound(leaf_hash)
    position: LogPosition | None = found[1]
    if position is None:
        raise NotYetPublished(leaf_hash)
    checkpoint = find_witnessed(session, position.shard)
    if checkpoint is None or position.index >= checkpoint.tree_size:
        checkpoint = newest_checkpoint(session, position.shard)
    if checkpoint is None or position.index >= checkpoint.tree_size:
        raise NotYetPublished(leaf_hash)
    return open_tree(session, checkpoint).prove(position.index)


def find_first_checkpoint_over(
    session: Session, subject: str, entry_type: str
) -> SignedCheckpoint | None:
    """The first checkpoint that covers the one entry of a type about a subject, if there is one."""
    return session.scalars(
        select(SignedCheckpoint)
        .join(
            LogPosition,
            (LogPosition.shard == SignedCheckpoint.shard)
            & (LogPosition.index < SignedCheckpoint.tree_size),
        )
        .join(LogEntry, LogEntry.arrival == LogPosition.arrival)
        .join(LogEntrySubject, LogEntrySubject.arrival == LogEntry.arrival)
        .where(LogEntrySubject.subject == subject, LogEntry.entry_type == entry_type)
        .order_by(SignedCheckpoint.tree_size)
        .limit(1)
    ).one_or_none()


def load_indices(
    session: Session, checkpoint: SignedCheckpoint, leaf_hashes: Collection[bytes]
) -> dict[bytes, int]:
    """The index of each entry that the checkpoint covers; others are left out."""
    rows = session.execute(
        select(LogEntry.leaf_hash, LogPosition.index)
        .join(LogPosition, LogPosition.arrival == LogEntry.arrival)
        .where(
            LogEntry.leaf_hash.in_(leaf_hashes),
            LogPosition.shard == checkpoint.shard,
            LogPosition.index < checkpoint.tree_size,
        )
    )
    return {bytes(leaf): index for leaf, index in rows}


def get_consistency(
    session: Session, origin: str, first: int, second: int | None
) -> dict[str, object]:
    """The proof that the tree of ``second`` (default: published) leaves begins with ``first``.

    Raises `CheckpointNotPublished`, `TreeSizeNotPublished`.
    """
    tree = open_tree(session, get_checkpoint(session, origin))
    second = tree.size if second is None else second
    if not 1 <= first <= second <= tree.size:
        raise TreeSizeNotPublished(first, second, tree.size)
    return consistency_document(
        first,
        second,
        make_consistency_proof(tree.read, first, second),
        first_root=root_at(tree.read, first),
        second_root=root_at(tree.read, second),
    )
