"""What log tests begin from: keys that are the same in every run, and leaves."""

import hashlib

from app.core.canonical import canonical_bytes
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from ledger.log.intake import append_leaves
from ledger.log.keys import LogKeys
from ledger.log.services import append_entry, driver_cursor
from ledger.log.tree.merkle import leaf_hash

ORIGIN = "exchange.example/log/2026"
AT = "2026-11-20T08:00:00.000000Z"


def log_keys(origin=ORIGIN):
    names = [origin, f"{origin}/receipts", f"{origin}/statements"]
    signers = [Ed25519Signer.from_seed(n, hashlib.sha256(n.encode()).digest()) for n in names]
    return LogKeys(*signers)


def call_row(licence_id, lane, n, *, size=0, at=AT):
    """A row of a lane as the data plane appends it; n = 0 opens the lane."""
    entry_type = "call" if n else "lane_opened"
    blind = hashlib.sha256(f"{licence_id}/{lane}/{n}".encode()).hexdigest()[:32]
    body = {"v": 1, "type": entry_type, "at": at, "blind": blind, "licence": licence_id}
    leaf = canonical_bytes({**body, "lane": lane, "n": n, "detail": "d" * size})
    return (leaf_hash(leaf), leaf, entry_type, licence_id, lane, n)


def append_rows(units, rows):
    with units.begin(Reach.EXCHANGE) as uow:
        append_leaves(driver_cursor(uow), rows)
        uow.commit()


def append_facts(units, count, entry_type="registered", **kwargs):
    """Entries outside any lane; their leaf hashes in hexadecimal."""
    with units.begin(Reach.EXCHANGE) as uow:
        hashes = [append_entry(uow, entry_type, {"fact": n}, **kwargs) for n in range(count)]
        uow.commit()
    return hashes
