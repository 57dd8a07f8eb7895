"""The JSON-RPC methods that the embedded chain answers: what web3 clients need, no more."""

from collections.abc import Callable, Sequence
from typing import Any

from eth.abc import BlockHeaderAPI
from eth.exceptions import Revert, VMError
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from contracts.embedded_chain import CHAIN_ID, EmbeddedChain, TransactionRefused
from contracts.rpc_logs import find_logs
from contracts.rpc_values import (
    InvalidParameters,
    block_value,
    parse_address,
    parse_call,
    parse_data,
    parse_hash,
    parse_quantity,
    receipt_value,
    shown,
    transaction_value,
)

CLIENT_VERSION = (
    "Counterfoil-embedded-chain/1 (development chain: integrity only, no independent validators)"
)
_NEWEST = ("latest", "pending", "safe", "finalized")
_ERROR_SELECTOR = bytes.fromhex("08c379a0")

INVALID_PARAMETERS = -32602
METHOD_MISSING = -32601
REFUSED = -32000
REVERTED = 3


class RpcError(Exception):
    """An error object of JSON-RPC 2.0."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.value: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            self.value["data"] = data


class RpcMethods:
    """Answers one call at a time; whoever serves it holds the one lock."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self.chain = chain
        self._methods: dict[str, Callable[..., Any]] = {
            "web3_clientVersion": lambda: CLIENT_VERSION,
            "web3_sha3": lambda data: shown(keccak(parse_data(data))),
            "net_version": lambda: str(CHAIN_ID),
            "net_listening": lambda: True,
            "eth_chainId": lambda: shown(CHAIN_ID),
            "eth_syncing": lambda: False,
            "eth_accounts": list,
            "eth_blockNumber": lambda: shown(chain.head.block_number),
            "eth_gasPrice": self._gas_price,
            "eth_maxPriorityFeePerGas": lambda: shown(1),
            "eth_feeHistory": self._fee_history,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBalance": self._balance,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getCode": self._code,
            "eth_getStorageAt": self._storage,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate_gas,
            "eth_sendRawTransaction": self._send,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": self._receipt,
            "eth_getLogs": lambda wanted: find_logs(chain, wanted),
        }

    def answer(self, method: str, parameters: Sequence[Any]) -> Any:
        """The result of a call; raises `RpcError`."""
        if method not in self._methods:
            raise RpcError(METHOD_MISSING, f"the method {method[:80]} does not exist here")
        try:
            return self._methods[method](*parameters)
        except (InvalidParameters, TypeError) as refusal:
            raise RpcError(INVALID_PARAMETERS, str(refusal)) from refusal
        except (TransactionRefused, ValidationError) as refusal:
            raise RpcError(REFUSED, str(refusal)) from refusal
        except Revert as refusal:
            raise _reverted(refusal) from refusal
        except VMError as refusal:
            raise RpcError(REFUSED, f"execution failed: {refusal}") from refusal

    # Blocks

    def _header(self, tag: Any) -> BlockHeaderAPI | None:
        # One process is the whole chain: what is mined is final, so every tag is the newest block.
        if tag is None or tag in _NEWEST:
            return self.chain.head
        return self.chain.header_at(0 if tag == "earliest" else parse_quantity(tag))

    def _known_header(self, tag: Any) -> BlockHeaderAPI:
        header = self._header(tag)
        if header is None:
            raise RpcError(REFUSED, "header not found")
        return header

    def _block_by_number(self, tag: Any, is_whole: Any = False) -> Any:  # noqa: FBT002 -- positional by protocol
        header = self._header(tag)
        return header and block_value(self.chain.block_of(header), is_whole=is_whole is True)

    def _block_by_hash(self, block_hash: Any, is_whole: Any = False) -> Any:  # noqa: FBT002 -- same
        block = self.chain.block_by_hash(parse_hash(block_hash))
        return block and block_value(block, is_whole=is_whole is True)

    # Fees

    def _gas_price(self) -> Any:
        return shown(2 * self.chain.next_base_fee)

    def _fee_history(self, _count: Any, _newest: Any = "latest", _percentiles: Any = ()) -> Any:
        fee = shown(self.chain.next_base_fee)
        oldest = shown(self.chain.head.block_number)
        return {"oldestBlock": oldest, "baseFeePerGas": [fee, fee], "gasUsedRatio": [0.0]}

    # Accounts

    def _balance(self, address: Any, tag: Any = None) -> Any:
        state = self.chain.state_at(self._known_header(tag))
        return shown(state.get_balance(parse_address(address)))

    def _transaction_count(self, address: Any, tag: Any = None) -> Any:
        state = self.chain.state_at(self._known_header(tag))
        return shown(state.get_nonce(parse_address(address)))

    def _code(self, address: Any, tag: Any = None) -> Any:
        state = self.chain.state_at(self._known_header(tag))
        return shown(state.get_code(parse_address(address)))

    def _storage(self, address: Any, slot: Any, tag: Any = None) -> Any:
        state = self.chain.state_at(self._known_header(tag))
        value = state.get_storage(parse_address(address), parse_quantity(slot))
        return shown(value.to_bytes(32, "big"))

    # Calls and transactions

    def _call(self, call: Any, tag: Any = None, _overrides: Any = None) -> Any:
        return shown(self.chain.call(parse_call(call), self._known_header(tag)))

    def _estimate_gas(self, call: Any, tag: Any = None, _overrides: Any = None) -> Any:
        return shown(self.chain.estimate_gas(parse_call(call), self._known_header(tag)))

    def _send(self, raw: Any) -> Any:
        return shown(bytes(self.chain.mine(parse_data(raw))))

    def _transaction(self, transaction_hash: Any) -> Any:
        found = self.chain.find(parse_hash(transaction_hash))
        return found and transaction_value(*found)

    def _receipt(self, transaction_hash: Any) -> Any:
        found = self.chain.find(parse_hash(transaction_hash))
        return found and receipt_value(self.chain, *found)


def _reverted(refusal: Revert) -> RpcError:
    output = bytes(refusal.args[0]) if refusal.args else b""
    return RpcError(REVERTED, f"execution reverted{_reason(output)}", "0x" + output.hex())


def _reason(output: bytes) -> str:
    if not output.startswith(_ERROR_SELECTOR):
        return ""
    try:
        return ": " + str(decode(["string"], output[4:])[0])
    except DecodingError:
        return ""
