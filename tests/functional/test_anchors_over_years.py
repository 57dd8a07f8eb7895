"""Two shards at once on a real chain: a registry for each, and one account for both."""

from datetime import UTC, datetime

import pytest
from counterfoil_verify.chain import Chain as VerifiersChain
from sqlalchemy import select
from typing_extensions import override

from app.core.reach import Reach
from app.wiring.log import log_keys
from app.worker.chain import Anchoring, Chain
from app.worker.effects import ask_for_anchor
from contracts.deployments import open_anchor_registry, open_chain
from contracts.errors import ChainUnavailable, TransactionPending
from contracts.registries import LicenceStanding
from ledger.log.anchors.models import Anchor, AnchorRequest
from ledger.log.anchors.queries import list_unanchored_origins
from ledger.log.anchors.states import AnchorState
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage.shard_heads import find_head
from tests.adapters.chain_nodes import anvil, embedded, rpc
from tests.unit.contracts.embedded import KEYS
from tests.unit.log.log_factory import append_facts

pytestmark = pytest.mark.chain


@pytest.fixture
def url(tmp_path, clock):
    with embedded(tmp_path / "embedded", clock) as address:
        yield address


class OneChain:
    """The worker's chain, with the accounts that the test's chain knows."""

    def __init__(self, parts, url):
        self._parts, self._url = parts, url
        self._opened = []

    def anchors(self, origin):
        if origin == self._parts.origin:
            access = open_chain(self._parts.units, self._url, KEYS, origin=origin)
            self._opened.append(access)
            return access.anchors
        return open_anchor_registry(self._parts.units, self._url, KEYS, origin=origin)

    def close(self):
        for access in self._opened:
            access.close()


class WorkersChain(Chain):
    """The worker's own, with the test's node and accounts."""

    def __init__(self, parts, url):
        super().__init__(parts)
        self._node = url

    @property
    @override
    def _url(self):
        return self._node

    @property
    @override
    def _keys(self):
        return KEYS


class ChainAtTheTurn(WorkersChain):
    """After a start in the new year, whose registry waits for its block."""

    @override
    def access(self):
        raise TransactionPending("AnchorRegistry")


@pytest.fixture
def chain(parts, url):
    made = OneChain(parts, url)
    yield made
    made.close()


def sequence(parts, count):
    append_facts(parts.units, count)
    sequencer = Sequencer(parts.units, log_keys(parts), host=parts.settings.log_host)
    while sequencer.step().has_more:
        pass


def anchored(parts):
    with parts.units.begin(Reach.EXCHANGE) as uow:
        rows = uow.session.scalars(select(Anchor).order_by(Anchor.id)).all()
        return [(each.origin, each.tree_size, each.state, each.contract) for each in rows]


def test_the_closed_year_and_the_open_one_are_anchored_each_in_its_registry(
    parts, clock, chain, url
):
    clock.set(datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC))
    sequence(parts, 20)
    old = parts.origin
    clock.set(datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    sequence(parts, 0)
    sequence(parts, 7)
    new = old.replace("2026", "2027")
    with parts.units.begin(Reach.EXCHANGE) as uow:
        assert list_unanchored_origins(uow.session) == [new, old]
        sizes = {origin: find_head(uow.session, origin).tree_size for origin in (old, new)}
    anchoring = Anchoring(parts, chain)
    for _ in range(4):
        anchoring.look()
        clock.advance(seconds=1)
    found = anchored(parts)
    final = {
        origin: (size, contract)
        for origin, size, state, contract in found
        if state == AnchorState.FINAL
    }
    assert {origin: size for origin, (size, _) in final.items()} == sizes
    assert final[old][1] != final[new][1]
    verifier = VerifiersChain(url)
    for origin, (size, contract) in final.items():
        assert verifier.head(contract).tree_size == size, origin
    verifier.close()
    with parts.units.begin(Reach.EXCHANGE) as uow:
        assert list_unanchored_origins(uow.session) == [new]
    anchoring.look()
    assert anchored(parts) == found


def test_while_the_chain_is_away_over_the_turn_one_anchor_of_each_year_catches_up(
    parts, clock, chain
):
    clock.set(datetime(2026, 12, 31, 12, 0, 0, tzinfo=UTC))
    sequence(parts, 5)
    anchoring = Anchoring(parts, chain)
    for _ in range(2):
        anchoring.look()
        clock.advance(seconds=1)
    clock.set(datetime(2027, 1, 2, tzinfo=UTC))
    sequence(parts, 30)
    sequence(parts, 30)
    for _ in range(4):
        anchoring.look()
        clock.advance(seconds=1)
    states = [(origin.rpartition("/")[2], state) for origin, _, state, _ in anchored(parts)]
    assert states.count(("2026", AnchorState.FINAL)) == 2
    assert states.count(("2027", AnchorState.FINAL)) == 1
    assert len(states) == 3


def test_a_new_years_registry_that_waits_for_its_block_holds_up_no_closed_year(parts, clock, url):
    clock.set(datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC))
    sequence(parts, 20)
    old = parts.origin
    clock.set(datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    sequence(parts, 0)
    sequence(parts, 7)
    parts.keyring.origin = old.replace("2026", "2027")
    with parts.units.begin(Reach.EXCHANGE) as uow:
        size = find_head(uow.session, old).tree_size
    anchoring = Anchoring(parts, ChainAtTheTurn(parts, url))
    for _ in range(4):
        with pytest.raises(TransactionPending):
            anchoring.look()
        clock.advance(seconds=1)
    assert [each[:3] for each in anchored(parts)] == [(old, size, AnchorState.FINAL)]


def test_contracts_whose_blocks_a_reorganisation_took_are_there_again_without_a_restart(
    parts, clock
):
    sequence(parts, 5)
    with anvil() as node:
        chain = WorkersChain(parts, node)
        anchoring, before = Anchoring(parts, chain), rpc(node, "evm_snapshot")
        assert anchoring.look()
        size, licences = chain.access().anchors.head().size, chain.access().licences
        rpc(node, "evm_revert", before)
        with pytest.raises(ChainUnavailable):
            licences.standing(bytes(32))
        for _ in range(3):
            anchoring.look()
            clock.advance(seconds=600)
        assert chain.access().anchors.head().size == size > 0
        assert chain.access().licences.standing(bytes(32)) is LicenceStanding.UNKNOWN
        assert chain.access().licences.contract == licences.contract
        chain.access().close()


def test_an_anchor_under_way_holds_the_account_for_its_time_and_no_longer(parts, clock, chain):
    clock.set(datetime(2026, 12, 31, 12, 0, 0, tzinfo=UTC))
    sequence(parts, 5)
    with parts.units.begin(Reach.EXCHANGE) as uow:
        waiting = Anchor(
            id=uow.ids.new("anc"),
            origin="exchange.example/log/2025",
            chain_id=1,
            contract="0x" + "ab" * 20,
            tree_size=9,
            root_hash="00" * 32,
            state=AnchorState.SENT,
            nonce=1_000_000,
            raw_transaction=b"x",
            transaction_hash="0x" + "cd" * 32,
            planned_at=uow.now,
        )
        uow.session.add(waiting)
        uow.commit()
    anchoring = Anchoring(parts, chain)
    assert not anchoring.look()
    assert [origin for origin, *_ in anchored(parts)] == ["exchange.example/log/2025"]
    clock.advance(seconds=601)
    assert anchoring.look()


def test_what_is_asked_for_at_once_is_anchored_when_its_entry_is_published_not_before(
    parts, clock, chain
):
    clock.set(datetime(2026, 12, 30, tzinfo=UTC))
    sequence(parts, 5)
    anchoring = Anchoring(parts, chain)
    for _ in range(2):
        anchoring.look()
        clock.advance(seconds=1)
    sequence(parts, 3)
    append_facts(parts.units, 1)  # as a revocation's own entry: written with the request
    ask_for_anchor(parts, {"reason": "revocation", "about": "lic_1"})
    clock.advance(seconds=1)
    assert not anchoring.look()
    sequence(parts, 0)
    assert anchoring.look()
    with parts.units.begin(Reach.EXCHANGE) as uow:
        size = find_head(uow.session, parts.origin).tree_size
        (request,) = uow.session.scalars(select(AnchorRequest))
    assert anchored(parts)[-1][1] == size
    assert request.answered_at is not None
    assert not anchoring.look()
