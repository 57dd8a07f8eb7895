"""A chain that does what the test tells it, and a log to anchor."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import select

from app.core.reach import Reach
from contracts.errors import ChainRefused, ChainUnavailable
from ledger.log.anchors.keeper import AnchorKeeper
from ledger.log.anchors.models import Anchor
from ledger.log.anchors.states import AnchorPolicy
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.tree.merkle import check_consistency
from tests.unit.log.log_factory import ORIGIN, append_facts, log_keys

NO_FUNDS, NO_ANSWER = "insufficient funds", "connection refused"
CONTRACT = "0x" + "c0" * 20
POLICY = AnchorPolicy(interval_seconds=600, leaves_max=1_000)


@dataclass(frozen=True)
class Facts:
    chain_id: int = 20262
    genesis_hash: str = "0x" + "9e" * 32
    client_version: str = "test chain"
    finality: str = "confirmations:2"
    has_independent_validators: bool = True


@dataclass(frozen=True)
class Head:
    size: int
    root: bytes


@dataclass(frozen=True)
class Signed:
    raw: bytes
    transaction_hash: str
    nonce: int


@dataclass(frozen=True)
class Status:
    state: str
    block_number: int | None = None
    block_hash: str | None = None


class FakeChain:
    """Takes anchors into blocks, checks their consistency, and can lose its last block."""

    def __init__(self):
        self.contract = CONTRACT
        self.facts = Facts()
        self.is_away = self.is_refusing = self.is_reverting = False
        self.mines_at_once = True
        self.pool: dict[str, bytes] = {}
        self.blocks: list[list[tuple[str, str]]] = []
        self.heads = [Head(0, b"")]
        self.signed: dict[bytes, tuple[Head, list[bytes], int]] = {}
        self.sent: list[bytes] = []
        self.outbid: set[bytes] = set()

    # What the anchorer sees

    def head(self):
        self._answer()
        return self.heads[-1]

    def mined_nonce(self):
        self._answer()
        return len(self.blocks)

    def sign_anchor(self, *, size, root, proof, nonce):
        self._answer()
        raw = f"{nonce}:{size}:{root.hex()}:{len(self.signed)}".encode()
        self.signed[raw] = (Head(size, root), list(proof), nonce)
        return Signed(raw, self.hash_of(raw), nonce)

    def send(self, raw):
        self._answer()
        if self.is_refusing:
            raise ChainRefused(NO_FUNDS)
        self.sent.append(raw)
        for waiting in [each for each in self.pool.values() if each in self.outbid]:
            if self.signed[waiting][2] == self.signed[raw][2]:
                del self.pool[self.hash_of(waiting)]
        self.pool.setdefault(self.hash_of(raw), raw)
        if self.mines_at_once:
            self.mine()

    def is_outbid(self, raw):
        self._answer()
        return raw in self.outbid

    def status(self, transaction_hash):
        self._answer()
        for number, block in enumerate(self.blocks, start=1):
            for mined, state in block:
                if mined == transaction_hash:
                    is_final = len(self.blocks) - number >= 1
                    shown = "final" if is_final and state == "mined" else state
                    return Status(shown, number, f"0x{number:064x}")
        return Status("pending" if transaction_hash in self.pool else "unknown")

    # What the test does

    def mine(self):
        """One block with what waits, or with nothing."""
        taken = list(self.pool.items())
        self.pool.clear()
        self.blocks.append([(each, self._execute(raw)) for each, raw in taken])

    def lose_last_block(self, *, forget):
        """A re-organisation; the pool gets the transactions back unless they are forgotten."""
        block = self.blocks.pop()
        for _ in [state for _, state in block if state == "mined"]:
            self.heads.pop()
        if not forget:
            for mined, _ in block:
                raw = next(raw for raw in self.signed if self.hash_of(raw) == mined)
                self.pool[mined] = raw

    def _execute(self, raw):
        head, proof, _ = self.signed[raw]
        old = self.heads[-1]
        if self.is_reverting:
            return "reverted"
        if old.size:
            check_consistency(
                old.size, head.size, proof, first_root=old.root, second_root=head.root
            )
        self.heads.append(head)
        return "mined"

    def _answer(self):
        if self.is_away:
            raise ChainUnavailable(NO_ANSWER)

    @staticmethod
    def hash_of(raw):
        return "0x" + hashlib.sha256(raw).hexdigest()


def publish(units, count):
    """Append facts and publish a checkpoint over them."""
    append_facts(units, count)
    Sequencer(units, log_keys()).step()


def keeper(units, chain, policy=POLICY):
    return AnchorKeeper(units, ORIGIN, chain, policy)


def anchors(units):
    """Every anchor, in the order of their plans."""
    with units.begin(Reach.EXCHANGE) as uow:
        return list(uow.session.scalars(select(Anchor).order_by(Anchor.id)))


def states(units):
    return [anchor.state for anchor in anchors(units)]
