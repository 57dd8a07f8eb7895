"""A shard's tiles as they are stored, and the nodes that are read from them."""

from collections.abc import Collection, Mapping

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger.log.models import LogTile
from ledger.log.storage.shard_heads import Head
from ledger.log.tree.merkle import HASH_BYTES, NodeReader
from ledger.log.tree.tiles import TileAddress, node_reader, right_edge, width_of


def load_tiles(
    session: Session, shard: int, addresses: Collection[TileAddress]
) -> dict[TileAddress, bytes]:
    """The stored hashes of tiles; a tile that is not there is left out."""
    rows = session.execute(
        text(
            "SELECT level, number, hashes FROM log_tiles"
            " JOIN unnest(CAST(:levels AS bigint[]), CAST(:numbers AS bigint[]))"
            " AS wanted(level, number) USING (level, number) WHERE shard = :shard"
        ),
        {
            "shard": shard,
            "levels": [address.level for address in addresses],
            "numbers": [address.number for address in addresses],
        },
    )
    return {TileAddress(level, number): bytes(hashes) for level, number, hashes in rows}


def stored_nodes(session: Session, shard: int) -> NodeReader:
    """A reader of a shard's nodes; each tile is read from the database once."""
    kept: dict[TileAddress, bytes] = {}

    def load(addresses: Collection[TileAddress]) -> Mapping[TileAddress, bytes]:
        missing = [address for address in addresses if address not in kept]
        if missing:
            kept.update(load_tiles(session, shard, missing))
        return kept

    return node_reader(load)


def load_edge(session: Session, head: Head) -> dict[int, bytes]:
    """The partial tiles of this head's right edge, by level.

    Tiles only grow: what a faster sequencer has added since the head was read is cut off.
    """
    tiles = load_tiles(session, head.shard, right_edge(head.tree_size))
    return {
        address.level: hashes[: width_of(head.tree_size, address) * HASH_BYTES]
        for address, hashes in tiles.items()
    }


def store_tiles(session: Session, shard: int, tiles: Mapping[TileAddress, bytes]) -> None:
    """Write new tiles and the grown ones."""
    statement = insert(LogTile)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shard", "level", "number"],
            set_={"hashes": statement.excluded.hashes},
        ),
        [
            {"shard": shard, "level": address.level, "number": address.number, "hashes": hashes}
            for address, hashes in tiles.items()
        ],
    )
