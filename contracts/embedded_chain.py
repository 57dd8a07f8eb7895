"""The embedded development chain: py-evm as eth-tester sets it up, on a durable store.

One transaction, one block, one durable commit. There are no validators but this process, so the
chain shows integrity only; `contracts.embedded_node` says so to whoever asks.
"""

import fcntl
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from eth.abc import BlockAPI, BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI
from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.exceptions import HeaderNotFound, TransactionNotFound
from eth.typing import AccountDetails
from eth.vm.forks.paris import ParisVM
from eth.vm.spoof import SpoofTransaction
from eth_tester.backends.pyevm.main import get_default_genesis_params
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.address import to_canonical_address
from eth_utils.exceptions import ValidationError
from typing_extensions import override

from app.core.clock import Clock
from contracts.chain_store import ChainStore

CHAIN_ID = 20262
GENESIS_TIME = 1_767_225_600
"""2026-01-01T00:00:00Z: fixed, so that the same funded accounts give the same genesis hash."""
GENESIS_BALANCE = 10**30
_FACTS_KEY = b"counterfoil:facts"


class ChainInUse(RuntimeError):
    """Another process owns the chain's files."""


class ForeignChain(RuntimeError):
    """The files hold a chain with another genesis than the one asked for."""


class TransactionRefused(ValueError):
    """The transaction cannot be mined; nothing changed."""


class _DevelopmentChain(MiningChain):
    chain_id = CHAIN_ID
    vm_configuration = ((BlockNumber(0), ParisVM),)

    @override
    def create_header_from_parent(
        self, parent_header: BlockHeaderAPI, **header_params: Any
    ) -> BlockHeaderAPI:
        # A constant gas limit: py-evm would otherwise move it with every block.
        fixed = {**header_params, "gas_limit": parent_header.gas_limit}
        return super().create_header_from_parent(parent_header, **fixed)


class EmbeddedChain:
    """One chain in one directory, owned by one process."""

    def __init__(self, directory: Path, clock: Clock, funded: Sequence[str] = ()) -> None:
        """Open the chain, or begin it with ``funded`` addresses holding coins.

        Raises `ChainInUse` when another process has it, `ForeignChain` when it was begun with
        other funded addresses than the ones given.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = _own(directory / "lock")
        self._clock = clock
        self._store = ChainStore(directory / "chain.sqlite")
        try:
            self._chain = self._open_or_begin([to_canonical_address(each) for each in funded])
        except BaseException:
            self.close()
            raise

    # Opening

    def _open_or_begin(self, funded: list[Address]) -> _DevelopmentChain:
        facts = {"chain_id": CHAIN_ID, "funded": sorted(each.hex() for each in funded)}
        if _FACTS_KEY not in self._store:
            return self._begin(funded, facts)
        stored = json.loads(self._store[_FACTS_KEY])
        if funded and stored != facts:
            msg = f"this chain was begun for {stored['funded']}, not for {facts['funded']}"
            raise ForeignChain(msg)
        return _DevelopmentChain(AtomicDB(self._store))

    def _begin(self, funded: list[Address], facts: dict[str, Any]) -> _DevelopmentChain:
        state: dict[Address, AccountDetails] = {
            each: {"balance": GENESIS_BALANCE, "nonce": 0, "code": b"", "storage": {}}
            for each in funded
        }
        params = get_default_genesis_params({"timestamp": GENESIS_TIME})
        chain = _DevelopmentChain.from_genesis(AtomicDB(self._store), params, state)
        self._store[_FACTS_KEY] = json.dumps(facts).encode()
        self._store.persist()
        assert isinstance(chain, _DevelopmentChain)
        return chain

    def close(self) -> None:
        """Release the files."""
        self._store.close()
        self._lock.close()

    # Writing

    def mine(self, raw: bytes) -> Hash32:
        """Mine a raw signed transaction in a block of its own; durable when this returns.

        Raises `TransactionRefused`; then nothing changed.
        """
        try:
            transaction = self._chain.get_vm().get_transaction_builder().decode(raw)
        except Exception as refusal:  # the decoder raises whatever rlp and eth-keys raise
            msg = "the transaction cannot be decoded"
            raise TransactionRefused(msg) from refusal
        self._check(transaction)
        try:
            self._mine(transaction)
        except ValidationError as refusal:
            self._forget_attempt()
            raise TransactionRefused(str(refusal)) from refusal
        except BaseException:
            self._forget_attempt()
            raise
        return transaction.hash

    def _check(self, transaction: SignedTransactionAPI) -> None:
        if self.find(transaction.hash) is not None:
            msg = "already known"
            raise TransactionRefused(msg)
        if transaction.chain_id != CHAIN_ID:
            msg = f"invalid chain id: this is chain {CHAIN_ID}"
            raise TransactionRefused(msg)
        expected = self.nonce(transaction.sender)
        if transaction.nonce != expected:
            word = "low" if transaction.nonce < expected else "high"
            msg = f"nonce too {word}: {transaction.nonce}, next is {expected}"
            raise TransactionRefused(msg)

    def _mine(self, transaction: SignedTransactionAPI) -> None:
        now = int(self._clock.now().timestamp())
        # Several blocks in one second run ahead of the clock: a header must be later than its
        # parent's (yellow paper, section 4.4.4).
        self._chain.set_header_timestamp(max(now, self.head.timestamp + 1))
        self._chain.mine_all([transaction])
        self._store.persist()

    def _forget_attempt(self) -> None:
        self._store.discard()
        self._chain = _DevelopmentChain(AtomicDB(self._store))

    # Reading

    @property
    def head(self) -> BlockHeaderAPI:
        """The newest mined block's header."""
        return self._chain.get_canonical_head()

    @property
    def next_base_fee(self) -> int:
        """Wei per gas that the next block asks at least."""
        return int(self._chain.header.base_fee_per_gas or 0)

    def nonce(self, address: Address) -> int:
        """Transactions mined from an address."""
        return int(self.state_at(self.head).get_nonce(address))

    def state_at(self, header: BlockHeaderAPI) -> Any:
        """The state after a block."""
        return self._chain.get_vm(header).state

    def header_at(self, number: int) -> BlockHeaderAPI | None:
        """The header at a height, or None above the head."""
        try:
            return self._chain.get_canonical_block_header_by_number(BlockNumber(number))
        except HeaderNotFound:
            return None

    def block_of(self, header: BlockHeaderAPI) -> BlockAPI:
        """The whole block of a header."""
        return self._chain.get_block_by_header(header)

    def block_by_hash(self, block_hash: Hash32) -> BlockAPI | None:
        """A mined block, or None."""
        try:
            return self._chain.get_block_by_hash(block_hash)
        except HeaderNotFound:
            return None

    def receipts_of(self, block: BlockAPI) -> tuple[ReceiptAPI, ...]:
        """A block's receipts in the order of its transactions."""
        return tuple(block.get_receipts(self._chain.chaindb))

    def find(self, transaction_hash: Hash32) -> tuple[BlockAPI, int] | None:
        """A mined transaction's block and position, looked up by key; None when not mined."""
        try:
            number, position = self._chain.chaindb.get_transaction_index(transaction_hash)
        except TransactionNotFound:
            return None
        header = self.header_at(number)
        return None if header is None else (self.block_of(header), position)

    # Trying out

    def call(self, call: "Call", header: BlockHeaderAPI) -> bytes:
        """What a call would return on top of a block; raises `eth.exceptions.VMError`."""
        return self._chain.get_transaction_result(self._spoof(call, header), header)

    def estimate_gas(self, call: "Call", header: BlockHeaderAPI) -> int:
        """Gas that a call would need on top of a block; raises `eth.exceptions.VMError`."""
        return int(self._chain.estimate_gas(self._spoof(call, header), header))

    def _spoof(self, call: "Call", header: BlockHeaderAPI) -> SignedTransactionAPI:
        unsigned = self._chain.create_unsigned_transaction(
            nonce=self.state_at(header).get_nonce(call.sender),
            gas_price=0,
            gas=min(call.gas or header.gas_limit, header.gas_limit),
            to=call.to,
            value=call.value,
            data=call.data,
        )
        spoofed: Any = SpoofTransaction(unsigned, from_=call.sender)
        return cast("SignedTransactionAPI", spoofed)


@dataclass(frozen=True)
class Call:
    """A transaction to try out: unsigned, free of charge, changing nothing."""

    sender: Address
    to: Address
    data: bytes
    value: int = 0
    gas: int = 0


def _own(lock_file: Path) -> IO[bytes]:
    handle = lock_file.open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        msg = f"another process owns the chain in {lock_file.parent}"
        raise ChainInUse(msg) from None
    return handle
