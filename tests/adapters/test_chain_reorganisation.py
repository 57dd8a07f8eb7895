"""The anchorer on a node that really re-organises (anvil), skipped with a message where absent."""

import pytest
from sqlalchemy import select

from app.core.reach import Reach
from contracts.deployments import open_chain
from ledger.log.anchors.keeper import AnchorKeeper
from ledger.log.anchors.models import Anchor
from ledger.log.anchors.states import AnchorPolicy
from tests.adapters.chain_nodes import anvil, rpc
from tests.unit.contracts.embedded import KEYS
from tests.unit.log.anchor_chain import publish
from tests.unit.log.log_factory import ORIGIN

pytestmark = pytest.mark.chain


@pytest.fixture
def url():
    with anvil() as address:
        yield address


@pytest.fixture
def access(units, url):
    opened = open_chain(units, url, KEYS, "confirmations:3", origin=ORIGIN)
    yield opened
    opened.close()


@pytest.fixture
def keeper(units, access):
    return AnchorKeeper(units, ORIGIN, access.anchors, AnchorPolicy(interval_seconds=600))


def states(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return list(uow.session.scalars(select(Anchor.state).order_by(Anchor.id)))


def test_an_anchor_is_final_after_its_confirmations(units, url, keeper):
    publish(units, 3)
    keeper.look()
    assert states(units) == ["mined"]
    rpc(url, "anvil_mine", "0x2")
    keeper.look()
    assert states(units) == ["final"]


def test_anchors_of_lost_blocks_come_back_onto_the_chain(units, url, access, keeper, clock):
    for _ in range(3):
        publish(units, 2)
        keeper.look()
        clock.advance(seconds=600)
    newest = access.anchors.head()
    rpc(url, "anvil_reorg", 2, [])
    assert access.anchors.head().size < newest.size
    for _ in range(4):
        keeper.look()
    assert (access.anchors.head().size, access.anchors.head().root) == (newest.size, newest.root)
    assert "lost" not in states(units)
    rpc(url, "anvil_mine", "0x3")
    keeper.look()
    assert states(units) == ["final"] * 3


def test_a_transaction_in_the_pool_is_not_an_anchor(units, url, access, keeper):
    rpc(url, "evm_setAutomine", False)
    publish(units, 3)
    keeper.look()
    assert states(units) == ["sent"]
    assert access.anchors.head().size == 0
    rpc(url, "anvil_dropAllTransactions")
    rpc(url, "evm_setAutomine", True)
    keeper.look()
    assert states(units) == ["mined"]
