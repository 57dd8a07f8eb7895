"""Ending a shard early: its signing stopped, or its key was stolen, and a new one takes over.

Nothing of the old shard is ever signed again. The new one carries on from the last checkpoint that
this database holds; entries that stood above it, which no checkpoint covers, get new places in it.
A larger head that somebody else knows (a restored backup's own past) is named as abandoned, so that
whoever holds its checkpoint reads in the log itself what became of it.
"""

from collections.abc import Iterable
from enum import StrEnum

from app.core.unit_of_work import UnitOfWork
from ledger.log.errors import NothingToCarryOn, ShardNotStopped
from ledger.log.keys import LogKeys
from ledger.log.sequencing.publication import PublishedHead, newest_checkpoint
from ledger.log.sequencing.stranded import take_back
from ledger.log.sequencing.turning import open_shard
from ledger.log.storage import shard_heads


class EndReason(StrEnum):
    """Why a shard ends before its year."""

    RESTORED = "restored"
    """The database is behind, or differs from, what was published; or its bytes were altered."""
    COMPROMISE = "compromise"
    """Somebody else may sign with its checkpoint key."""


def end_shard(
    uow: UnitOfWork,
    keys: LogKeys,
    reason: EndReason,
    known: Iterable[PublishedHead] = (),
) -> None:
    """Open the shard that the keys are named after upon the newest one, and close that one.

    ``known`` are heads of the old shard that others hold. Raises `ShardNotStopped` unless its
    signing has stopped or its key was stolen, `NothingToCarryOn` when it never had a checkpoint.
    """
    ended = shard_heads.find_newest_head(uow.session)
    if ended is not None and ended.origin == keys.origin:
        return  # the command is repeated
    last = None if ended is None else newest_checkpoint(uow.session, ended.shard)
    if ended is None or last is None:
        raise NothingToCarryOn
    if reason is not EndReason.COMPROMISE and ended.stopped_reason is None:
        raise ShardNotStopped(ended.origin)
    shard_heads.stop_signing(uow.session, ended.origin, ended.stopped_reason or f"ended: {reason}")
    shard_heads.close_head(uow.session, ended.origin, at=uow.now)
    take_back(uow.session, ended.shard, last.tree_size)
    named = {
        "origin": ended.origin,
        "tree_size": last.tree_size,
        "root_hash": last.root_hash.hex(),
        "reason": reason.value,
    }
    abandoned = [
        {"source": each.source, "tree_size": each.tree_size, "root_hash": each.root_hash.hex()}
        for each in known
        if (each.tree_size, each.root_hash) != (last.tree_size, last.root_hash)
        and each.tree_size >= last.tree_size
    ]
    if abandoned:
        named["abandoned"] = abandoned
    open_shard(uow, keys, predecessor=ended, size=last.tree_size, named=named)
