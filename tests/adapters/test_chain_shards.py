"""Two shards' anchors at the year's turn, by one account, on a node that mines when it is told."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.core.reach import Reach
from contracts.deployments import open_anchor_registry, open_chain
from contracts.errors import TransactionPending
from ledger.log.anchors.keeper import AnchorKeeper
from ledger.log.anchors.models import Anchor
from ledger.log.anchors.queries import list_unanchored_origins
from ledger.log.anchors.states import AnchorPolicy
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage.shard_heads import find_head
from tests.adapters.chain_nodes import anvil, rpc
from tests.unit.contracts.embedded import KEYS
from tests.unit.log.log_factory import append_facts, log_keys

pytestmark = pytest.mark.chain
HOST = "exchange.example"
OLD, NEW = f"{HOST}/log/2026", f"{HOST}/log/2027"
NEW_YEAR = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)
POLICY = AnchorPolicy(interval_seconds=600)


@pytest.fixture
def url():
    with anvil() as address:
        yield address


class Turned:
    """A log over the turn of its year: the old shard's keeper, the new one's, and their node."""

    def __init__(self, units, clock, url):
        self.units, self.clock, self.url = units, clock, url
        sequencer = Sequencer(units, log_keys(), host=HOST)
        append_facts(units, 5)
        sequencer.step()
        self.access = open_chain(units, url, KEYS, origin=OLD)
        clock.set(NEW_YEAR)
        for _ in range(3):
            append_facts(units, 2)
            sequencer.step()
        rpc(url, "evm_setAutomine", False)
        self.registries = {OLD: self.access.anchors, NEW: self._deploy()}
        self.old, self.new = (
            AnchorKeeper(units, origin, registry, POLICY)
            for origin, registry in self.registries.items()
        )

    def _deploy(self):
        """The new shard's contract: its creation waits for a block like everything else."""
        with pytest.raises(TransactionPending):
            open_anchor_registry(self.units, self.url, KEYS, origin=NEW)
        self.mine()
        return open_anchor_registry(self.units, self.url, KEYS, origin=NEW)

    def mine(self):
        rpc(self.url, "evm_mine")

    def states(self):
        """(shard, state, nonce) of each anchor, oldest first."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            rows = uow.session.scalars(select(Anchor).order_by(Anchor.id))
            return [(each.origin, each.state, each.nonce) for each in rows]

    def wanting(self):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return list_unanchored_origins(uow.session)

    def is_anchored(self, origin):
        """Whether the shard's contract has the head that the shard published last."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            head = find_head(uow.session, origin)
        found = self.registries[origin].head()
        return (found.size, found.root) == (head.tree_size, head.root_hash)

    def close(self):
        self.registries[NEW].chain.close()
        self.access.close()


@pytest.fixture
def turned(units, clock, url):
    made = Turned(units, clock, url)
    yield made
    made.close()


def test_the_two_take_turns_and_both_are_final(turned):
    assert turned.wanting() == [NEW, OLD]
    assert turned.old.look() is True
    assert turned.new.look() is False, "the account's next number is the old shard's"
    assert turned.states() == [(OLD, "sent", 0)]
    turned.mine()
    turned.old.look()
    assert turned.new.look() is True
    assert turned.states() == [(OLD, "final", 0), (NEW, "sent", 1)]
    turned.mine()
    turned.new.look()
    assert turned.states() == [(OLD, "final", 0), (NEW, "final", 1)]
    assert turned.is_anchored(OLD)
    assert turned.is_anchored(NEW)
    assert turned.wanting() == [NEW], "the closed shard needs no further anchor"


def test_a_pool_that_forgets_gets_the_same_bytes_again_and_the_other_waits(turned):
    turned.old.look()
    (first,) = (each for each in turned.states())
    rpc(turned.url, "anvil_dropAllTransactions")
    turned.old.look()
    assert turned.new.look() is False
    assert turned.states() == [first]
    turned.mine()
    for _ in range(2):
        turned.old.look()
        turned.new.look()
        turned.mine()
    turned.new.look()
    assert turned.states() == [(OLD, "final", 0), (NEW, "final", 1)]


def test_without_a_block_for_longer_than_a_turn_neither_is_lost_for_good(turned):
    """The second stops waiting, the node refuses it the number, and the block decides."""
    turned.old.look()
    turned.clock.advance(seconds=660)
    turned.new.look()
    assert turned.states() == [(OLD, "sent", 0), (NEW, "planned", 0)]
    turned.mine()
    for _ in range(3):
        turned.clock.advance(seconds=660)
        turned.old.look()
        turned.new.look()
        turned.mine()
    turned.new.look()
    assert turned.states() == [(OLD, "final", 0), (NEW, "lost", 0), (NEW, "final", 1)]
    assert turned.is_anchored(OLD)
    assert turned.is_anchored(NEW)
