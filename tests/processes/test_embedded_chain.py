"""The embedded chain as a process: one owner, and no confirmed anchor is lost to kill -9."""

import concurrent.futures
import contextlib
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
from eth_utils.abi import event_signature_to_log_topic

from app.core.clock import SystemClock
from contracts.artefacts import load_artefact
from contracts.client import JsonRpcChain, TransactionState
from contracts.embedded_chain import EmbeddedChain
from contracts.embedded_node import EXIT_FOREIGN, EXIT_IN_USE
from contracts.errors import ChainUnavailable
from contracts.registries import ANCHOR_REGISTRY, JsonRpcAnchorRegistry, creation_data
from ledger.log.tree.merkle import check_consistency
from tests.adapters.chain_nodes import rpc
from tests.unit.contracts.embedded import KEYS, ZERO, served
from tests.unit.contracts.reference_tree import numbered_tree

pytestmark = [pytest.mark.chain, pytest.mark.processes]
KILLS, ROUNDS = 10, 5
"""Fifty kills, ten of each chain: what ten left behind takes as long to walk as they took."""
START_SECONDS = 60
TREE = numbered_tree(4_096)
HEAD_ANCHORED = "0x" + event_signature_to_log_topic("HeadAnchored(uint64,bytes32,uint64)").hex()


def command(path, *options):
    return [
        *(sys.executable, "-m", "contracts.embedded_node", "--path", str(path)),
        *("--portfile", str(path) + ".port"),
        *(word for address in KEYS.addresses for word in ("--fund", address)),
        *options,
    ]


@contextlib.contextmanager
def node(path):
    """A running node: its process and its address; killed at the end whatever happens."""
    portfile = path.with_suffix(".port")
    portfile.unlink(missing_ok=True)
    with subprocess.Popen(command(path), stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not portfile.exists():
                assert process.poll() is None, "the node ended"
                assert time.monotonic() < deadline, "the node does not start"
                time.sleep(0.01)
            yield process, f"http://127.0.0.1:{int(portfile.read_text())}"
        finally:
            process.kill()


@contextlib.contextmanager
def reopened(path):
    """The address of what is on disk, served from here: a look at it needs no process."""
    with contextlib.closing(EmbeddedChain(path, SystemClock())) as chain, served(chain) as url:
        yield url


@dataclass(frozen=True)
class Confirmed:
    """An anchor that the chain called final."""

    size: int
    transaction_hash: str
    block_hash: str


def opened(url, contract, key=KEYS.anchorer):
    """The contract as the anchorer sees it."""
    return JsonRpcAnchorRegistry(JsonRpcChain(url, key), contract)


def deploy(url):
    """The address of a new anchor contract on the chain."""
    chain = JsonRpcChain(url, KEYS.administrator)
    data = creation_data(load_artefact(ANCHOR_REGISTRY), *KEYS.addresses[:2], ZERO)
    signed = chain.sign(to=None, data=data, gas=2_000_000, nonce=0)
    chain.send(signed.raw)
    return rpc(url, "eth_getTransactionReceipt", signed.transaction_hash)["contractAddress"]


def anchor_until_gone(registry, chance, confirmed):
    """Anchor one head after the other until the node is gone; remember those that are final."""
    with contextlib.suppress(ChainUnavailable):
        size, nonce = registry.head().size, registry.mined_nonce()
        while True:
            grown = size + chance.randint(1, 9)
            proof = TREE.consistency(size, grown) if size else []
            signed = registry.sign_anchor(
                size=grown, root=TREE.root(grown), proof=proof, nonce=nonce
            )
            registry.send(signed.raw)
            status = registry.status(signed.transaction_hash)
            assert status.state is TransactionState.FINAL
            confirmed.append(Confirmed(grown, signed.transaction_hash, status.block_hash))
            size, nonce = grown, nonce + 1


def anchored(url, contract):
    """Every head that the contract ever accepted: size, then transaction, block and root."""
    logs = rpc(url, "eth_getLogs", {"address": contract, "fromBlock": "0x0", "toBlock": "latest"})
    heads = [log for log in logs if log["topics"][0] == HEAD_ANCHORED]
    return {
        int(log["topics"][1], 16): (log["transactionHash"], log["blockHash"], log["topics"][2])
        for log in heads
    }


def check_nothing_is_lost(url, registry, confirmed):
    """Each confirmed anchor is where it was, and the contract's head extends them all."""
    found, head = anchored(url, registry.contract), registry.head()
    for each in confirmed:
        root = "0x" + TREE.root(each.size).hex()
        assert found[each.size] == (each.transaction_hash, each.block_hash, root)
        proof = TREE.consistency(each.size, head.size)
        check_consistency(
            *(each.size, head.size, proof),
            first_root=TREE.root(each.size),
            second_root=head.root,
        )
    assert head.size == max(found, default=0)


def await_more(confirmed, count, sender):
    """Wait for so many further confirmations, however slow the machine is just now."""
    due, deadline = len(confirmed) + count, time.monotonic() + START_SECONDS
    while len(confirmed) < due:
        assert not sender.done(), "the sender gave up before the kill"
        assert time.monotonic() < deadline, "the node does not mine"
        time.sleep(0.001)


def walk(url):
    """The hashes of every transaction on the chain, newest first; every parent is there."""
    found = []
    block = rpc(url, "eth_getBlockByNumber", "latest", False)
    while int(block["number"], 16):
        found += block["transactions"]
        block = rpc(url, "eth_getBlockByHash", block["parentHash"], False)
        assert block is not None, "a block without its parent"
    return found


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_at_any_instant_the_chain_keeps_every_anchor_that_it_confirmed(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 -- where kills fall, not a secret
    confirmed: list[Confirmed] = []
    contract = None
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for _ in range(KILLS):
            with node(tmp_path / "chain") as (process, url):
                contract = contract or deploy(url)
                registry = opened(url, contract)
                check_nothing_is_lost(url, registry, confirmed)
                sender = pool.submit(anchor_until_gone, registry, chance, confirmed)
                await_more(confirmed, chance.randint(1, 3), sender)
                time.sleep(chance.uniform(0.0, 0.05))  # where the kill falls is left to chance
                process.send_signal(signal.SIGKILL)
                process.wait()
                sender.result()
    with reopened(tmp_path / "chain") as url:
        check_nothing_is_lost(url, opened(url, contract), confirmed)
        mined, heads = walk(url), anchored(url, contract)
    assert len(confirmed) >= KILLS
    # One anchor a kill may be mined and not confirmed; none is mined twice. One deployed.
    assert len(set(mined)) == len(mined) == len(heads) + 1
    assert len(heads) <= len(confirmed) + KILLS


def test_a_second_process_on_the_same_path_is_refused_clearly(tmp_path):
    with node(tmp_path / "chain"):
        second = subprocess.run(
            command(tmp_path / "chain"), capture_output=True, text=True, timeout=60, check=False
        )
    assert second.returncode == EXIT_IN_USE
    assert "another process owns the chain" in second.stderr


def test_files_of_another_genesis_are_refused_clearly(tmp_path):
    with node(tmp_path / "chain"):
        pass
    other = command(tmp_path / "chain", "--fund", "0x" + "11" * 20)
    refused = subprocess.run(other, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == EXIT_FOREIGN
    assert "begun for" in refused.stderr


def test_asked_to_stop_it_stops_and_takes_its_port_file_along(tmp_path):
    with node(tmp_path / "chain") as (process, _):
        process.terminate()
        assert process.wait(timeout=20) == 0
        assert not (tmp_path / "chain.port").exists()
