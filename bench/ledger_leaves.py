"""Real call leaves in real lanes, as the data plane writes them, for the ledger's measurements."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from app.core.signing import Ed25519Signer
from ledger.log.intake import LeafRow
from ledger.log.keys import LogKeys
from metering.leaves import CallFacts, LaneNames, call_leaf, lane_opened_leaf, leaf_hash

ORIGIN = "bench.example/log/2026"
PRICE = 40_000_000
_HEX = hashlib.sha256(b"bench").hexdigest()
OPENED_AT = "2026-11-01T00:00:00.000000Z"


def log_keys() -> LogKeys:
    """The benchmark's own signers."""
    return LogKeys(
        checkpoint=_signer(ORIGIN),
        receipts=_signer(f"{ORIGIN}/receipts"),
        statements=_signer(f"{ORIGIN}/statements"),
    )


def _signer(name: str) -> Ed25519Signer:
    return Ed25519Signer.from_seed(name, hashlib.sha256(name.encode()).digest())


class Leaf(NamedTuple):
    """A leaf of a lane with its running totals."""

    row: LeafRow
    total_units: int
    total_amount: int


def lane_leaves(licence_number: int, count: int) -> Iterator[Leaf]:
    """A lane's opening leaf and its ``count`` calls, chained; the same in every run."""
    licence = f"lic_{licence_number:026d}"
    names = LaneNames(licence, "ver_" + "0" * 26, "scn_" + "0" * 26, _HEX, "CNY", 1)
    opening = lane_opened_leaf(
        licence_id=licence, lane=1, plan_hash=_HEX, at=OPENED_AT, blind=_blind(licence, 0)
    )
    previous = leaf_hash(opening)
    yield Leaf(LeafRow(previous, opening, "lane_opened", licence, 1, 0), 0, 0)
    for n in range(1, count + 1):
        facts = CallFacts(1, PRICE, "hit", _instant(n), _HEX, _HEX, _HEX, _blind(licence, n))
        leaf = call_leaf(
            names, facts, n=n, total_units=n, total_amount=n * PRICE, previous=previous.hex()
        )
        previous = leaf_hash(leaf)
        yield Leaf(LeafRow(previous, leaf, "call", licence, 1, n), n, n * PRICE)


def _blind(licence: str, n: int) -> str:
    return hashlib.sha256(f"{licence}/{n}".encode()).hexdigest()[:32]


def _instant(n: int) -> str:
    minutes, seconds = divmod(n // 100 % 3600, 60)
    return f"2026-11-10T08:{minutes:02d}:{seconds:02d}.{n % 100:06d}Z"
