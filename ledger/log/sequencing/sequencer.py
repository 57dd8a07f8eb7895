"""The sequencer: gives waiting entries their indices, grows the tree, then signs and publishes.

One transaction integrates a batch. Two locks guard it: an advisory lock, so that a second sequencer
does not work in vain, and a compare-and-set on the head with its epoch, which alone is enough for
safety. Signing follows in a transaction of its own, over a head that is already durable, so a
process that is killed anywhere in between leaves either nothing or something to be signed again,
byte for byte (Ed25519 is deterministic).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.log.errors import HeadMoved
from ledger.log.keys import LogKeys
from ledger.log.ports import CheckpointKeeper, NoKeeper
from ledger.log.sequencing.integration import integrate_batch
from ledger.log.sequencing.publication import kept_head, publish_head, stop_if_behind
from ledger.log.sequencing.shards import due_successor, parse_origin
from ledger.log.sequencing.succession import current_keys
from ledger.log.sequencing.turning import close_shard, open_shard, turn_shard
from ledger.log.storage import shard_heads
from ledger.log.tree.checkpoints import Checkpoint

BATCH_MAX = 8_192
BATCHES_MAX = 8
"""Batches between two checkpoints: an endless load must not put off publication."""
_NEAR = timedelta(hours=1)
"""So long before the year's end a gateway's clock may be in the next one already."""


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
        host: str | None = None,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._units = units
        self._keys = keys
        self._keeper = keeper or NoKeeper()
        self._host = host
        self._batch_max = batch_max
        self._checked: set[str] = set()

    def step(self) -> Step:
        """Integrate what waits (bounded), then publish a checkpoint if there is something new.

        With a host, the year's turn closes the shard and opens the next one first. Raises
        `LogStorageAltered`, `LogBehindItsPublishedHead` and, ever after, `SigningStopped`.
        """
        keys = self._current()
        if keys.origin not in self._checked:
            stop_if_behind(self._units, keys.origin, kept_head(keys, self._keeper))
            self._checked.add(keys.origin)
        integrated, count, batches = 0, self._batch_max, 0
        while count == self._batch_max and batches < BATCHES_MAX:
            count = self._integrate(keys)
            integrated, batches = integrated + count, batches + 1
        has_more = count == self._batch_max
        if not has_more and self._turn(keys):
            has_more = True
        return Step(integrated, self._publish(keys), has_more=has_more)

    def integrate(self) -> int:
        """Sequence and integrate one batch; how many leaves, 0 when another one was faster."""
        return self._integrate(self._current())

    def publish(self) -> Checkpoint | None:
        """Sign and publish the head unless it is published already."""
        return self._publish(self._current())

    def _integrate(self, keys: LogKeys) -> int:
        with self._units.begin(Reach.EXCHANGE) as uow:
            if not shard_heads.try_liveness_lock(uow.session, keys.origin):
                return 0
            try:
                count = self._batch(uow, keys)
            except HeadMoved:
                return 0
            uow.commit()
            return count

    def _batch(self, uow: UnitOfWork, keys: LogKeys) -> int:
        known = shard_heads.find_head(uow.session, keys.origin)
        opens = known is None and open_shard(uow, keys)
        head = known or shard_heads.get_head(uow.session, keys.origin)
        # What is integrated after a stop could never be published: it waits for the next shard.
        if head.is_closed or head.stopped_reason is not None:
            return 0
        opened = head.tree_size if opens else 0
        year = self._next_year(keys.origin, uow.now)
        return opened + integrate_batch(uow, head, self._batch_max - opened, next_year=year)

    def _publish(self, keys: LogKeys) -> Checkpoint | None:
        return publish_head(self._units, keys, self._keeper)

    # Shards

    def _current(self) -> LogKeys:
        """The keys under the name of the shard that was opened last."""
        with self._units.begin(Reach.EXCHANGE) as uow:
            return current_keys(uow.session, self._keys)

    def _next_year(self, origin: str, now: datetime) -> str | None:
        """Near the year's end, the year whose calls are no longer this shard's."""
        if self._host is None or due_successor(origin, self._host, now + _NEAR) is None:
            return None
        name = parse_origin(origin)
        return None if name is None else f"{name.year + 1:04d}"

    def _turn(self, keys: LogKeys) -> bool:
        """Close the shard and open the next one if the year has turned; whether it did."""
        if self._host is None:
            return False
        with self._units.begin(Reach.EXCHANGE) as uow:
            head = shard_heads.find_head(uow.session, keys.origin)
            successor = due_successor(keys.origin, self._host, uow.now)
        if head is None or successor is None or head.stopped_reason is not None:
            return False
        if not head.is_closed:
            close_shard(self._units, keys.origin, successor)
        return turn_shard(self._units, keys, self._keeper, successor)
