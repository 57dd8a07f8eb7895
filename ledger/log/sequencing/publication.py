"""Publication: sign a durable head, and stop for good when it is not what was published before."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.log.errors import LogBehindItsPublishedHead, LogStorageAltered, SigningStopped, Stored
from ledger.log.keys import LogKeys
from ledger.log.models import SignedCheckpoint
from ledger.log.ports import CheckpointKeeper
from ledger.log.storage import shard_heads, stored_tiles
from ledger.log.storage.shard_heads import Head, unopened
from ledger.log.tree.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.log.tree.merkle import root_at


@dataclass(frozen=True)
class PublishedHead:
    """A head that somebody outside this transaction knows, and who that is."""

    source: str
    tree_size: int
    root_hash: bytes


def newest_checkpoint(session: Session, shard: int) -> SignedCheckpoint | None:
    """The published checkpoint of the largest tree."""
    return session.scalars(
        select(SignedCheckpoint)
        .where(SignedCheckpoint.shard == shard)
        .order_by(SignedCheckpoint.tree_size.desc())
        .limit(1)
    ).one_or_none()


def refuse_if_behind(session: Session, head: Head, published: Iterable[PublishedHead]) -> None:
    """Raise `LogBehindItsPublishedHead` unless every published head is a beginning of this log.

    Learn the published heads before the head is read, or a running log looks behind.
    """
    read = stored_tiles.stored_nodes(session, head.shard)
    for known in published:
        if known.tree_size > head.tree_size:
            raise LogBehindItsPublishedHead(known.source, known.tree_size, head.tree_size)
        try:
            root = root_at(read, known.tree_size)
        except KeyError:
            raise LogStorageAltered(Stored.TILES, head.tree_size) from None
        if root != known.root_hash:
            raise LogBehindItsPublishedHead(known.source, known.tree_size, head.tree_size)


def stop_if_behind(
    units: UnitOfWorkFactory, origin: str, published: Iterable[PublishedHead]
) -> None:
    """Check heads known outside (contract, witness, file); a contradiction stops the signing.

    The stop is stored before `LogBehindItsPublishedHead` is raised: recovery is a new shard, never
    a second signature over another history.
    """
    known = list(published)
    with units.begin(Reach.EXCHANGE) as uow:
        _stop_or_pass(uow, shard_heads.find_head(uow.session, origin) or unopened(origin), known)


def kept_head(keys: LogKeys, keeper: CheckpointKeeper) -> list[PublishedHead]:
    """The head in the memory outside the database, if it holds one; raises `EvidenceRefused`."""
    text = keeper.newest(keys.origin)
    if text is None:
        return []
    kept = open_checkpoint(text.encode(), keys.verifiers, origin=keys.origin)
    return [PublishedHead("the kept checkpoint", kept.tree_size, kept.root_hash)]


def publish_head(
    units: UnitOfWorkFactory, keys: LogKeys, keeper: CheckpointKeeper
) -> Checkpoint | None:
    """Sign and publish the head unless it is published already, or another process is at it.

    Raises `LogBehindItsPublishedHead` once, then `SigningStopped`.
    """
    with units.begin(Reach.EXCHANGE) as uow:
        if not shard_heads.try_liveness_lock(uow.session, keys.origin):
            return None
        # What was published is learned before the head is read: heads only grow.
        known = _remembered(uow.session, keys, keeper)
        head = _unpublished_head(uow, keys.origin)
        if head is None:
            return None
        _stop_or_pass(uow, head, known)
        checkpoint = _sign(uow, head, keys, keeper)
        uow.commit()
        return checkpoint


def _unpublished_head(uow: UnitOfWork, origin: str) -> Head | None:
    head = shard_heads.find_head(uow.session, origin)
    if head is None:
        return None
    if head.stopped_reason is not None:
        raise SigningStopped(head.stopped_reason)
    if not head.tree_size:
        return None
    last = newest_checkpoint(uow.session, head.shard)
    if last is not None and (last.tree_size, last.root_hash) == (head.tree_size, head.root_hash):
        return None
    return head


def _remembered(session: Session, keys: LogKeys, keeper: CheckpointKeeper) -> list[PublishedHead]:
    """What this log itself has published: by its own table, and by the memory outside it."""
    known = []
    head = shard_heads.find_head(session, keys.origin)
    last = None if head is None else newest_checkpoint(session, head.shard)
    if last is not None:
        known.append(PublishedHead("its own checkpoints", last.tree_size, last.root_hash))
    return known + kept_head(keys, keeper)


def _stop_or_pass(uow: UnitOfWork, head: Head, known: Iterable[PublishedHead]) -> None:
    try:
        refuse_if_behind(uow.session, head, known)
    except LogBehindItsPublishedHead as refusal:
        shard_heads.add_head(uow.session, head.origin, at=uow.now)
        shard_heads.stop_signing(uow.session, head.origin, refusal.detail)
        uow.commit()
        raise


def _sign(uow: UnitOfWork, head: Head, keys: LogKeys, keeper: CheckpointKeeper) -> Checkpoint:
    checkpoint = Checkpoint(head.origin, head.tree_size, head.root_hash)
    text = sign_checkpoint(checkpoint, keys.checkpoint_signers)
    # Kept before it is shown: whatever anybody has seen, the keeper knows.
    keeper.keep(head.origin, text)
    uow.session.execute(
        insert(SignedCheckpoint)
        .values(
            shard=head.shard,
            tree_size=checkpoint.tree_size,
            root_hash=checkpoint.root_hash,
            text=text,
            signed_at=uow.now,
        )
        .on_conflict_do_nothing(index_elements=["shard", "tree_size"])
    )
    return checkpoint
