"""The sequencer: gives waiting entries their indices, grows the tree, then signs and publishes.

One transaction integrates a batch. Two locks guard it: an advisory lock, so that a second sequencer
does not work in vain, and a compare-and-set on the head with its epoch, which alone is enough for
safety. Signing follows in a transaction of its own, over a head that is already durable, so a
process that is killed anywhere in between leaves either nothing or something to be signed again,
byte for byte (Ed25519 is deterministic).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.log import storage
from ledger.log.checkpoints import Checkpoint
from ledger.log.errors import HeadMoved, LogStorageAltered, Stored
from ledger.log.keys import LogKeys, announce_key
from ledger.log.lanes import Arrangement, Waiting, arrange
from ledger.log.ports import CheckpointKeeper, NoKeeper
from ledger.log.publication import kept_head, publish_head, stop_if_behind
from ledger.log.services import append_entry
from ledger.log.storage import Head
from ledger.log.tiles import Growth, edge_root, grow

BATCH_MAX = 8_192
BATCHES_MAX = 8
"""Batches between two checkpoints: an endless load must not put off publication."""


@dataclass(frozen=True)
class Step:
    """What one step did: leaves integrated, and the checkpoint published, if any.

    ``has_more`` says that the bound of a step was reached: come back at once. Otherwise a pause
    keeps the number of checkpoints small.
    """

    integrated_count: int
    checkpoint: Checkpoint | None
    has_more: bool


class Sequencer:
    """Advances one log; any number may run, one at a time gets something done."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        keys: LogKeys,
        *,
        keeper: CheckpointKeeper | None = None,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._units = units
        self._keys = keys
        self._keeper = keeper or NoKeeper()
        self._batch_max = batch_max
        self._is_checked = False

    def step(self) -> Step:
        """Integrate what waits (bounded), then publish a checkpoint if there is something new.

        Raises `LogStorageAltered`, `LogBehindItsPublishedHead` and, ever after, `SigningStopped`.
        """
        if not self._is_checked:
            stop_if_behind(self._units, self._keys.origin, kept_head(self._keys, self._keeper))
            self._is_checked = True
        integrated, count, batches = 0, self._batch_max, 0
        while count == self._batch_max and batches < BATCHES_MAX:
            count = self.integrate()
            integrated, batches = integrated + count, batches + 1
        return Step(integrated, self.publish(), has_more=count == self._batch_max)

    def integrate(self) -> int:
        """Sequence and integrate one batch; how many leaves, 0 when another one was faster."""
        with self._units.begin(Reach.EXCHANGE) as uow:
            if not storage.try_liveness_lock(uow.session, self._keys.origin):
                return 0
            try:
                count = _integrate(uow, self._open(uow), self._batch_max)
            except HeadMoved:
                return 0
            uow.commit()
            return count

    def publish(self) -> Checkpoint | None:
        """Sign and publish the head unless it is published already."""
        return publish_head(self._units, self._keys, self._keeper)

    def _open(self, uow: UnitOfWork) -> Head:
        """The head; a new shard begins with the leaf that names its keys, and the chain is told."""
        if storage.add_head(uow.session, self._keys.origin, at=uow.now):
            named = {"origin": self._keys.origin, "keys": self._keys.vkeys}
            append_entry(uow, "shard_opened", named, subjects=[self._keys.origin])
            for role, signer in self._keys.by_role.items():
                announce_key(uow, self._keys.origin, role, signer.public_key, from_size=0)
        return storage.get_head(uow.session, self._keys.origin)


def _integrate(uow: UnitOfWork, head: Head, batch_max: int) -> int:
    """Everything of one batch up to the commit; raises `HeadMoved`, `LogStorageAltered`."""
    session = uow.session
    storage.release(session)
    batch = storage.take_waiting(session, batch_max)
    lanes = {entry.lane for entry in batch.waiting if entry.lane is not None}
    arranged = arrange(batch.waiting, storage.load_lane_ends(session, lanes))
    storage.hold(session, batch.altered, "altered", at=uow.now)
    storage.hold(session, [entry.arrival for entry in arranged.held], "gap", at=uow.now)
    if arranged.ordered:
        _write(uow, head, arranged)
    return len(arranged.ordered)


def _write(uow: UnitOfWork, head: Head, arranged: Arrangement) -> None:
    session = uow.session
    edge = storage.load_edge(session, head)
    if edge_root(edge) != head.root_hash:
        raise LogStorageAltered(Stored.EDGE, head.tree_size)
    growth = grow(edge, head.tree_size, [entry.leaf_hash for entry in arranged.ordered])
    storage.advance_head(session, head, growth, at=uow.now)
    storage.store_positions(session, head, [entry.arrival for entry in arranged.ordered])
    storage.store_tiles(session, head.shard, growth.tiles)
    storage.store_lane_ends(session, head, arranged.ends)
    _check_written(uow, head, growth, arranged.ordered)


def _check_written(uow: UnitOfWork, head: Head, growth: Growth, ordered: Sequence[Waiting]) -> None:
    """Hash again what the database now holds, before anything is promised over it."""
    session = uow.session
    stored = storage.rehash_entries(session, head.shard, head.tree_size, growth.size)
    if stored != b"".join([entry.leaf_hash for entry in ordered]):
        raise LogStorageAltered(Stored.ENTRIES, growth.size)
    if storage.load_tiles(session, head.shard, growth.tiles) != growth.tiles:
        raise LogStorageAltered(Stored.TILES, growth.size)
