"""The embedded chain as a process: one owner, and nothing acknowledged is lost to kill -9."""

import concurrent.futures
import contextlib
import random
import signal
import subprocess
import sys
import time

import pytest

from contracts.embedded_node import EXIT_FOREIGN, EXIT_IN_USE
from tests.adapters.chain_nodes import exchange, rpc
from tests.unit.contracts.embedded import STRANGER
from tests.unit.contracts.test_embedded_chain import raw_transfer

pytestmark = [pytest.mark.chain, pytest.mark.processes]
KILLS, ROUNDS = 10, 5
"""Fifty kills, ten of each chain: what ten left behind takes as long to walk as they took."""
START_SECONDS = 60


def command(path, *options):
    return [
        *(sys.executable, "-m", "contracts.embedded_node", "--path", str(path)),
        *("--portfile", str(path) + ".port", "--fund", STRANGER.address),
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


def send_until_refused(url, nonce, acknowledged):
    """Send transfers one after the other until the node is gone; remember what it acknowledged."""
    while True:
        raw = "0x" + raw_transfer(nonce).hex()
        try:
            answer = exchange(url, "eth_sendRawTransaction", raw)
        except OSError:
            return
        assert "result" in answer, answer
        acknowledged.append(answer["result"])
        nonce += 1


def await_more(acknowledged, count, sender):
    """Wait for so many further acknowledgements, however slow the machine is just now."""
    due, deadline = len(acknowledged) + count, time.monotonic() + START_SECONDS
    while len(acknowledged) < due:
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
def test_killed_at_any_instant_the_chain_keeps_everything_it_acknowledged(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 -- where kills fall, not a secret
    acknowledged: list[str] = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        for _ in range(KILLS):
            with node(tmp_path / "chain") as (process, url):
                nonce = int(rpc(url, "eth_getTransactionCount", STRANGER.address, "latest"), 16)
                sender = pool.submit(send_until_refused, url, nonce, acknowledged)
                await_more(acknowledged, chance.randint(1, 4), sender)
                time.sleep(chance.uniform(0.0, 0.05))  # where the kill falls is left to chance
                process.send_signal(signal.SIGKILL)
                process.wait()
                sender.result()
    with node(tmp_path / "chain") as (_, url):
        mined = walk(url)
        receipts = [rpc(url, "eth_getTransactionReceipt", sent) for sent in acknowledged]
    assert len(acknowledged) >= KILLS
    assert all(receipt is not None and receipt["status"] == "0x1" for receipt in receipts)
    assert set(acknowledged) <= set(mined)
    # One transaction a kill may be mined and not acknowledged; none is mined twice.
    assert len(set(mined)) == len(mined) <= len(acknowledged) + KILLS


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
