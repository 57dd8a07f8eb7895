"""What chain tests begin from: an embedded chain in this process, and deployed contracts."""

import contextlib
import hashlib
import threading

from eth_abi.abi import decode
from eth_account import Account
from eth_utils.address import to_canonical_address, to_checksum_address

from app.core.clock import SystemClock
from contracts.accounts import AccountKeys
from contracts.artefacts import load_artefact
from contracts.embedded_chain import CHAIN_ID, Call, EmbeddedChain
from contracts.registries import call_data, creation_data
from contracts.rpc_methods import RpcMethods
from contracts.rpc_server import RpcServer

KEYS = AccountKeys.derive(bytes(range(32)))
STRANGER = Account.from_key(b"\x07" * 32)
ZERO = "0x" + "00" * 20


@contextlib.contextmanager
def served(chain):
    """The JSON-RPC address of a chain, served from a thread."""
    with RpcServer(0, RpcMethods(chain)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def begin_chain(directory, clock=None):
    """A chain that funds the exchange's accounts and a stranger."""
    return EmbeddedChain(directory, clock or SystemClock(), [*KEYS.addresses, STRANGER.address])


def digest(name):
    """What stands on chain for something of that name."""
    return hashlib.sha256(name.encode()).digest()


class Deployed:
    """A contract called without any client, so that its own behaviour is what is tested."""

    def __init__(self, chain, name, *constructor, key=KEYS.administrator):
        self.chain = chain
        self.artefact = load_artefact(name)
        receipt = self._mine(key, None, creation_data(self.artefact, *constructor), 4_000_000)
        assert receipt["status"] == "0x1"
        self.address = to_checksum_address(receipt["contractAddress"])

    def send(self, key, function, *values):
        """The receipt of a transaction."""
        data = call_data(self.artefact, function, *values)
        return self._mine(key, self.address, data, 5_000_000)

    def gas(self, key, function, *values):
        """Gas used by a transaction that must succeed."""
        receipt = self.send(key, function, *values)
        assert receipt["status"] == "0x1"
        return int(receipt["gasUsed"], 16)

    def read(self, function, *values):
        """The values of a view."""
        abi = next(each for each in self.artefact.abi if each.get("name") == function)
        call = Call(
            sender=to_canonical_address(STRANGER.address),
            to=to_canonical_address(self.address),
            data=call_data(self.artefact, function, *values),
        )
        output = self.chain.call(call, self.chain.head)
        return decode([each["type"] for each in abi["outputs"]], output)

    def _mine(self, key, to, data, gas):
        account = Account.from_key(key)
        fields = {
            "nonce": self.chain.nonce(to_canonical_address(account.address)),
            "gas": gas,
            "gasPrice": 2 * self.chain.next_base_fee,
            "chainId": CHAIN_ID,
            "value": 0,
            "data": data,
        }
        if to is not None:
            fields["to"] = to
        raw = bytes(account.sign_transaction(fields).raw_transaction)
        sent = "0x" + bytes(self.chain.mine(raw)).hex()
        return RpcMethods(self.chain).answer("eth_getTransactionReceipt", [sent])
