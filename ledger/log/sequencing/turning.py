"""The turn of a year: the shard is closed by its last leaf, published, and the next one opened.

Three transactions, each of which finds by the database alone whether it is due: whoever dies
between two of them leaves a state from which anybody goes on. Nothing is sequenced in the meantime;
what waits goes into the new shard, its lanes where they stood.
"""

from typing import Any

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.log.errors import HeadMoved
from ledger.log.key_entries import note_key
from ledger.log.keys import LogKeys, announce_key
from ledger.log.ports import CheckpointKeeper
from ledger.log.sequencing.integration import integrate_fact
from ledger.log.sequencing.publication import newest_checkpoint, publish_head
from ledger.log.storage import shard_heads
from ledger.log.storage.shard_heads import Head

SHARD_OPENED, SHARD_CLOSED = "shard_opened", "shard_closed"
AT_YEARS_END = "year"
"""Why a shard was closed; others ended early, see `ending`."""


def close_shard(units: UnitOfWorkFactory, origin: str, successor: str) -> bool:
    """Append the shard's last leaf, which names its tree so far and who follows.

    False when another sequencer is at it, or it is closed already.
    """
    with units.begin(Reach.EXCHANGE) as uow:
        head = shard_heads.get_head(uow.session, origin)
        if head.is_closed or not shard_heads.try_liveness_lock(uow.session, origin):
            return False
        body = {
            "origin": origin,
            "tree_size": head.tree_size,
            "root_hash": head.root_hash.hex(),
            "successor": successor,
            "reason": AT_YEARS_END,
        }
        try:
            integrate_fact(uow, head, SHARD_CLOSED, body=body, subjects=[origin, successor])
        except HeadMoved:
            return False
        shard_heads.close_head(uow.session, origin, at=uow.now)
        uow.commit()
        return True


def turn_shard(
    units: UnitOfWorkFactory, keys: LogKeys, keeper: CheckpointKeeper, successor: str
) -> bool:
    """Publish a closed shard's last checkpoint and open its successor; whether it is open now."""
    publish_head(units, keys, keeper)
    following = keys.named(successor)
    with units.begin(Reach.EXCHANGE) as uow:
        head = shard_heads.get_head(uow.session, keys.origin)
        last = newest_checkpoint(uow.session, head.shard)
        if last is None or last.tree_size != head.tree_size:
            return False
        named = {
            "origin": head.origin,
            "tree_size": last.tree_size,
            "root_hash": last.root_hash.hex(),
            "reason": AT_YEARS_END,
        }
        try:
            open_shard(uow, following, predecessor=head, size=last.tree_size, named=named)
        except HeadMoved:
            return False
        uow.commit()
    return True


def open_shard(
    uow: UnitOfWork,
    keys: LogKeys,
    *,
    predecessor: Head | None = None,
    size: int = 0,
    named: dict[str, Any] | None = None,
) -> bool:
    """Open the keys' shard with the leaf that names keys and predecessor, unless it is open.

    Whether this call opened it. The chain is told of its keys after the commit. Raises `HeadMoved`
    when another process opens it in this moment.
    """
    carries_on = None if predecessor is None else (predecessor.shard, size)
    if not shard_heads.add_head(uow.session, keys.origin, at=uow.now, predecessor=carries_on):
        return False
    head = shard_heads.get_head(uow.session, keys.origin)
    body: dict[str, Any] = {"origin": keys.origin, "keys": keys.vkeys}
    subjects = [keys.origin]
    if predecessor is not None and named is not None:
        body["predecessor"] = named
        subjects.append(predecessor.origin)
    integrate_fact(uow, head, SHARD_OPENED, body=body, subjects=subjects)
    for role, signer in keys.by_role.items():
        announce_key(uow, keys.origin, role, signer.public_key, from_size=0)
    for each in keys.overlapping:
        note_key(uow, keys.origin, each)
    return True
