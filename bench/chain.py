"""Measures the chain: gas an anchor and a million calls cost, opening, anchors a second."""

import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eth_typing import HexAddress, HexStr
from web3.types import Nonce
from web3.utils.address import get_create_address

from app.core.clock import SystemClock
from contracts.accounts import AccountKeys
from contracts.artefacts import load_artefact
from contracts.client import JsonRpcChain, TransactionState
from contracts.embedded_chain import EmbeddedChain
from contracts.registries import (
    ANCHOR_REGISTRY,
    NO_PREDECESSOR,
    JsonRpcAnchorRegistry,
    creation_data,
)
from ledger.log.tree.merkle import Node, make_consistency_proof, node_hash, root_at

CALLS_AN_ANCHOR = 100_000
RATE_ANCHORS = 60
RATE_STEP = 13
OPENINGS = 5
START_SECONDS = 60
_KEYS = AccountKeys.derive(hashlib.sha256(b"bench").digest())


def run(report: dict[str, Any]) -> None:
    """Fill the chain's keys of ``report["ledger"]``; starts and stops its own node."""
    section = report.setdefault("ledger", {})
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        path = Path(folder) / "chain"
        with _node(path) as url:
            section.update(_measure_anchors(url))
        section["embedded_chain_open_ms"] = _measure_opening(path)


def _measure_anchors(url: str) -> dict[str, float]:
    registry = _deploy(url)
    gas = [_anchor(registry, size) for size in range(CALLS_AN_ANCHOR, 1_000_001, CALLS_AN_ANCHOR)]
    odd = [_anchor(registry, 1_000_000 + step) for step in (1, 77, 4_095, 65_537, 100_000)]
    raws = _presigned(registry, 1_100_000)
    started = time.perf_counter()
    for raw in raws:
        registry.send(raw)
    seconds = time.perf_counter() - started
    assert registry.head().size == 1_100_000 + RATE_ANCHORS * RATE_STEP
    registry.chain.close()
    return {
        "anchor_gas": max(gas[1:] + odd),
        "gas_per_million_calls": sum(gas),
        "anchors_per_s": round(RATE_ANCHORS / seconds, 1),
    }


def _presigned(registry: JsonRpcAnchorRegistry, old: int) -> list[bytes]:
    """Anchors that follow one another, signed beforehand: what is timed is the chain alone."""
    first, raws = registry.next_nonce(), []
    for place in range(RATE_ANCHORS):
        size = old + RATE_STEP
        proof, root = make_consistency_proof(_read, old, size), root_at(_read, size)
        nonce = first + place
        raws.append(registry.sign_anchor(size=size, root=root, proof=proof, nonce=nonce).raw)
        old = size
    return raws


def _measure_opening(path: Path) -> float:
    """Milliseconds to open the chain again, after imports: the median of five."""
    spent = []
    for _ in range(OPENINGS):
        started = time.perf_counter()
        chain = EmbeddedChain(path, SystemClock())
        spent.append((time.perf_counter() - started) * 1000)
        chain.close()
    return round(statistics.median(spent), 2)


def _deploy(url: str) -> JsonRpcAnchorRegistry:
    chain = JsonRpcChain(url, _KEYS.anchorer)
    data = creation_data(
        load_artefact(ANCHOR_REGISTRY), chain.account, chain.account, NO_PREDECESSOR
    )
    signed = chain.sign(to=None, data=data, gas=4_000_000, nonce=0)
    chain.send(signed.raw)
    account, nonce = HexAddress(HexStr(chain.account)), Nonce(signed.nonce)
    return JsonRpcAnchorRegistry(chain, str(get_create_address(account, nonce)))


def _anchor(registry: JsonRpcAnchorRegistry, size: int) -> int:
    """Gas of anchoring that size on top of whatever the contract holds."""
    proof = make_consistency_proof(_read, registry.head().size, size)
    signed = registry.sign_anchor(
        size=size, root=root_at(_read, size), proof=proof, nonce=registry.next_nonce()
    )
    registry.send(signed.raw)
    status = registry.status(signed.transaction_hash)
    assert status.state is TransactionState.FINAL, status
    return status.gas_used or 0


def _subtree(height: int) -> bytes:
    """The root over 2**height equal leaves: a tree of a million costs twenty hashes."""
    result = hashlib.sha256(b"\x00").digest()
    for _ in range(height):
        result = node_hash(result, result)
    return result


_SUBTREES = [_subtree(height) for height in range(24)]


def _read(nodes: Any) -> list[bytes]:
    return [_SUBTREES[node.height] for node in nodes if isinstance(node, Node)]


@contextmanager
def _node(path: Path) -> Iterator[str]:
    portfile = path.with_suffix(".port")
    command = [sys.executable, "-m", "contracts.embedded_node", "--path", str(path)]
    command += ["--portfile", str(portfile), "--fund", _KEYS.addresses[1]]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not portfile.exists():
                assert process.poll() is None, "the node ended"
                assert time.monotonic() < deadline, "the node does not start"
                time.sleep(0.02)
            yield f"http://127.0.0.1:{int(portfile.read_text(encoding='ascii'))}"
        finally:
            process.terminate()
