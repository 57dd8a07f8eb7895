"""Scrubbing: stored entries and tiles are hashed again, round and round, a stretch at a time.

What the sequencer wrote it checked when it wrote it; disks and superusers come later. A difference
stops the signing for good, because whatever is signed from then on might vouch for it.
"""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from ledger.log.errors import LogStorageAltered, Stored
from ledger.log.storage import shard_heads, stored_tiles, waiting_line
from ledger.log.storage.shard_heads import Head
from ledger.log.tree.merkle import HASH_BYTES, root_at, tree_hash
from ledger.log.tree.tiles import TILE_WIDTH, TileAddress, width_of

TILES_MAX = 16
"""Level 0 tiles of a look: 4,096 entries."""


class ScrubCursor(Protocol):
    """Where the next look begins; losing it only begins the round again."""

    def read(self, origin: str) -> int:
        """The number of the next level 0 tile; 0 when nothing is known."""
        ...

    def keep(self, origin: str, number: int) -> None:
        """Remember it."""
        ...


@dataclass(frozen=True)
class Scrubber:
    """Looks through every shard; several may, they only repeat each other's work."""

    units: UnitOfWorkFactory
    cursor: ScrubCursor
    tiles_max: int = TILES_MAX

    def look(self) -> int:
        """Check the next stretch of each shard; how many tiles of entries, 0 for an empty log.

        The end of a shard's round also checks its root. Raises the first `LogStorageAltered` when
        all were looked at; the signing of each shard that differs is stopped by then, and its
        cursor stands where the difference is.
        """
        with self.units.begin(Reach.EXCHANGE) as uow:
            heads = shard_heads.list_heads(uow.session)
        tiles_count, differences = 0, []
        for head in heads:
            try:
                tiles_count += self._look(head.origin)
            except LogStorageAltered as altered:
                differences.append(altered)
        if differences:
            raise differences[0]
        return tiles_count

    def _look(self, origin: str) -> int:
        with self.units.begin(Reach.EXCHANGE) as uow:
            head = shard_heads.get_head(uow.session, origin)
            if not head.tree_size:
                return 0
            tiles_count = -(-head.tree_size // TILE_WIDTH)
            start = self.cursor.read(origin)
            start = start if start < tiles_count else 0
            end = min(start + self.tiles_max, tiles_count)
            try:
                for number in range(start, end):
                    _check_tile(uow.session, head, number)
                if end == tiles_count:
                    _check_root(uow.session, head)
            except LogStorageAltered as altered:
                if head.stopped_reason is None:
                    shard_heads.stop_signing(uow.session, origin, altered.detail)
                    uow.commit()
                raise
        self.cursor.keep(origin, end % tiles_count)
        return end - start


def _check_tile(session: Session, head: Head, number: int) -> None:
    """A tile of entries, and above it each tile whose last child is complete with it."""
    start, width = number * TILE_WIDTH, width_of(head.tree_size, TileAddress(0, number))
    hashes = _tile(session, head, TileAddress(0, number))
    if waiting_line.rehash_entries(session, head.shard, start, start + width) != hashes:
        raise LogStorageAltered(Stored.ENTRIES, head.tree_size)
    level = 0
    while len(hashes) == TILE_WIDTH * HASH_BYTES:
        place, parent = number % TILE_WIDTH, TileAddress(level + 1, number // TILE_WIDTH)
        above = _tile(session, head, parent)
        if above[place * HASH_BYTES : (place + 1) * HASH_BYTES] != _root_of(hashes):
            raise LogStorageAltered(Stored.TILES, head.tree_size)
        if place < TILE_WIDTH - 1:
            return
        level, number, hashes = parent.level, parent.number, above


def _tile(session: Session, head: Head, address: TileAddress) -> bytes:
    """The tile as far as the head reaches; it may have grown since the head was read."""
    stored = stored_tiles.load_tiles(session, head.shard, [address]).get(address, b"")
    hashes = stored[: width_of(head.tree_size, address) * HASH_BYTES]
    if len(hashes) != width_of(head.tree_size, address) * HASH_BYTES:
        raise LogStorageAltered(Stored.TILES, head.tree_size)
    return hashes


def _root_of(hashes: bytes) -> bytes:
    nodes = [hashes[place : place + HASH_BYTES] for place in range(0, len(hashes), HASH_BYTES)]
    return tree_hash(nodes)


def _check_root(session: Session, head: Head) -> None:
    try:
        root = root_at(stored_tiles.stored_nodes(session, head.shard), head.tree_size)
    except KeyError:
        raise LogStorageAltered(Stored.TILES, head.tree_size) from None
    if root != head.root_hash:
        raise LogStorageAltered(Stored.TILES, head.tree_size)
