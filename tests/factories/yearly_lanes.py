"""Calls of one licence over a year's turn, as the data plane writes leaves, with their receipts."""

import hashlib
import json

from app.core.canonical import canonical_bytes
from app.core.signing import Ed25519Signer, RenamedSigner
from ledger.log.tree.merkle import leaf_hash
from metering.leaves import (
    CallFacts,
    Commitments,
    LaneNames,
    call_leaf,
    lane_opened_leaf,
)
from metering.recording.receipts import ReceiptParts, signed_receipt

LICENCE = "lic_0000000000000000000000000a"
PRICE = 40_000_000
PLAN = "a" * 64
NAMES = LaneNames(LICENCE, "ver_" + "0" * 26, "scn_" + "0" * 26, PLAN, "CNY", 1)


class YearlyLane:
    """A lane whose calls may fall into any year; ``rows`` go to the log, receipts to the buyer."""

    def __init__(self, host, seed=b"r" * 32):
        self._host, self._seed = host, seed
        self.n, self.rows, self.receipts = 0, [], []
        self._previous = ""

    def open(self, at):
        leaf = lane_opened_leaf(
            licence_id=LICENCE, lane=1, plan_hash=PLAN, at=at, blind=_blind("open")
        )
        self._previous = leaf_hash(leaf).hex()
        return (leaf_hash(leaf), leaf, "lane_opened", LICENCE, 1, 0)

    def call(self, at):
        self.n += 1
        key = hashlib.sha256(b"key%d" % self.n).digest()
        detail = {"method": "GET", "listing": "AIR-1", "parameters": {"n": self.n}}
        facts = CallFacts(
            1,
            PRICE,
            "hit",
            at,
            Commitments(key).request(*detail.values()),
            hashlib.sha256(b"response").hexdigest(),
            Commitments(key).detail(canonical_bytes(detail)),
            _blind(str(self.n)),
        )
        leaf = call_leaf(
            NAMES,
            facts,
            n=self.n,
            total_units=self.n,
            total_amount=self.n * PRICE,
            previous=self._previous,
        )
        self._previous = leaf_hash(leaf).hex()
        parts = ReceiptParts(leaf, leaf_hash(leaf), canonical_bytes(detail), key, at)
        self.receipts.append(json.loads(signed_receipt(parts, self._signer_at)))
        return (leaf_hash(leaf), leaf, "call", LICENCE, 1, self.n)

    def _signer_at(self, at):
        name = f"{self._host}/log/{at[:4]}/receipts"
        return RenamedSigner(Ed25519Signer.from_seed(name, self._seed), name)


def _blind(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]
