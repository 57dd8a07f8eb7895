"""Measures the log: receipts, sequencing, publication, proofs, invoices, a whole audit."""

import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from counterfoil_verify.keys import Keyring, keyring_of
from counterfoil_verify.log.audit import Audit
from counterfoil_verify.merkle import Head
from counterfoil_verify.money import invoices
from counterfoil_verify.notes import open_checkpoint as open_independently

from app import embedded_postgres
from app.core.canonical import base64_text, canonical_bytes
from app.core.clock import SystemClock
from app.core.db import make_engine
from app.core.ids import IdSource, InvoiceId, LicenceId
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from bench.ledger_leaves import Leaf, lane_leaves, log_keys
from ledger.journal.billing.invoices.documents import (
    InvoiceFacts,
    evidence_document,
    invoice_document,
    signed_bytes,
)
from ledger.journal.billing.invoices.documents import lane_leaves as leaf_references
from ledger.journal.evidence.leaves import LaneLeaf, LaneSpan, LedgerProofs, ProvenLeaf
from ledger.log.errors import NotYetPublished
from ledger.log.intake import append_leaves
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.services import append_entry, driver_cursor
from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree.merkle import check_inclusion, leaf_hash, make_inclusion_proof
from ledger.log.tree.tiles import Growth, grow, node_reader, tile_path, tiles_of
from ledger.log.tree_queries import get_ledger_proof
from metering.leaves import Commitments
from metering.recording.receipts import ReceiptParts, receipt_bytes
from migrations.run import upgrade

KEYS = log_keys()
RECEIPTS = 20_000
MILLION = 1_000_000
SEQUENCED = 24_000
ROUNDS = 3
PROVABLE_SAMPLES = 120
WORKER_PAUSE_SECONDS = 0.2
AUDITED_LANES, AUDITED_CALLS = 50, 4_000


def run(report: dict[str, Any]) -> None:
    """Fill the log's keys of ``report["ledger"]``; starts and stops its own PostgreSQL."""
    section = report.setdefault("ledger", {})
    section["receipts_per_s"] = _measure_receipts()
    section.update(_measure_proofs())
    section["audit_leaves_per_s"] = _measure_audit()
    with _units() as units:
        section["sequencer_leaves_per_s"] = _measure_sequencer(units)
        section["call_to_provable_p99_s"] = _measure_publication(units)


def _core_seconds(work: Callable[[], object], rounds: int) -> float:
    """The median time of one core that the work takes: other processes do not count."""

    def once() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return statistics.median(once() for _ in range(rounds))


def _measure_receipts() -> int:
    """Leaf, hash, commitment, signature and receipt bytes, one core."""
    detail, key = b'{"listing":"bench","method":"GET","parameters":{"code":"PEK"}}', b"k" * 32

    def make() -> None:
        for leaf in lane_leaves(1, RECEIPTS):
            Commitments(key).detail(detail)
            parts = ReceiptParts(
                leaf.row.leaf, leaf.row.leaf_hash, detail, key, "2026-11-10T08:00:00.000000Z"
            )
            receipt_bytes(parts, origin=KEYS.origin, signer=KEYS.receipts)

    return round(RECEIPTS / _core_seconds(make, ROUNDS))


def _measure_proofs() -> dict[str, float]:
    """Proof of a leaf and of an invoice in a log of a million leaves."""
    lane = list(lane_leaves(1, 1_000))
    filler = [leaf_hash(number.to_bytes(4)) for number in range(MILLION - len(lane))]
    # The lane's calls lie far apart in a real log: its opening first, its closing last.
    hashes = [lane[0].row.leaf_hash, *filler, *(leaf.row.leaf_hash for leaf in lane[1:])]
    growth = grow({}, 0, hashes)
    read = node_reader(lambda _addresses: growth.tiles)
    indices = range(0, MILLION, MILLION // 200)
    paths = [make_inclusion_proof(read, index, MILLION) for index in indices]

    def verify() -> None:
        for index, path in zip(indices, paths, strict=True):
            check_inclusion(hashes[index], index, MILLION, path, root=growth.root)

    evidence, keyring = _invoice(lane, growth), keyring_of(KEYS.vkeys.values())
    return {
        "inclusion_proof_bytes": max(len(path) for path in paths) * 32,
        "inclusion_verify_us": _core_seconds(verify, ROUNDS) / len(paths) * 1e6,
        "invoice_bytes": len(evidence),
        "invoice_verify_ms": _core_seconds(lambda: _verify_invoice(evidence, keyring), 51) * 1e3,
    }


def _invoice(lane: Sequence[Leaf], growth: Growth) -> bytes:
    """Invoice evidence over the lane, exactly as the journal gives it out."""
    ends = [lane[0], lane[-1]]
    opening, closing = (_lane_leaf(leaf) for leaf in ends)
    spans = [LaneSpan(1, opening, closing)]
    document = invoice_document(_invoice_facts(spans))
    read = node_reader(lambda _addresses: growth.tiles)
    head = Checkpoint(KEYS.origin, growth.size, growth.root)
    proofs = LedgerProofs(
        sign_checkpoint(head, [KEYS.checkpoint]),
        {
            leaf.row.leaf_hash.hex(): ProvenLeaf(
                leaf.row.leaf, index, tuple(make_inclusion_proof(read, index, growth.size))
            )
            for leaf, index in zip(ends, (0, growth.size - 1), strict=True)
        },
    )
    signature = base64_text(KEYS.statements.sign(signed_bytes(document)))
    return canonical_bytes(
        evidence_document(
            document=document,
            signature=signature,
            key_name=KEYS.statements.name,
            leaves=leaf_references(spans),
            proofs=proofs,
        )
    )


def _invoice_facts(spans: Sequence[LaneSpan]) -> InvoiceFacts:
    return InvoiceFacts(
        invoice_id=InvoiceId("inv_" + "0" * 26),
        licence_id=LicenceId(f"lic_{1:026d}"),
        currency="CNY",
        from_at=datetime(2026, 11, 1, tzinfo=UTC),
        until_at=datetime(2026, 12, 1, tzinfo=UTC),
        issued_at=datetime(2026, 12, 1, 8, tzinfo=UTC),
        spans=spans,
        charges=[],
    )


def _lane_leaf(leaf: Leaf) -> LaneLeaf:
    return LaneLeaf(
        n=leaf.row.n or 0,
        total_units=leaf.total_units,
        total_amount=leaf.total_amount,
        leaf_hash=leaf.row.leaf_hash.hex(),
        entry=leaf.row.leaf,
    )


def _verify_invoice(evidence: bytes, keyring: Keyring) -> None:
    """Every step of the independent verifier, signatures included."""
    parsed = invoices.parse_invoice(evidence)
    checkpoint = open_independently(parsed.checkpoint, keyring)
    invoices.check_signature(parsed, keyring, checkpoint.origin)
    invoices.check_inclusions(parsed, checkpoint.head)
    invoices.check_lanes(parsed)
    invoices.check_sums(parsed)


class _Files:
    """A log's static files in memory, for the independent audit."""

    is_remote = False

    def __init__(self, leaves: Sequence[bytes], growth: Growth) -> None:
        self._files = {
            f"tile/{address.level}/{tile_path(address.number, width)}": growth.tiles[address]
            for address, width in tiles_of(growth.size)
        }
        for address, width in tiles_of(growth.size):
            if address.level == 0:
                part = leaves[address.number * 256 : address.number * 256 + width]
                name = f"tile/entries/{tile_path(address.number, width)}"
                self._files[name] = b"".join(len(leaf).to_bytes(2) + leaf for leaf in part)

    def read(self, name: str, bytes_max: int) -> bytes | None:  # noqa: ARG002 -- the verifier's port
        """The file, or None where there is none."""
        return self._files.get(name)

    def shard(self, name: str) -> "_Files":
        """There is one shard."""
        raise KeyError(name)

    def close(self) -> None:
        """Nothing is held open."""


def _measure_audit() -> int:
    """The whole log by the independent verifier: hashes, tiles, lanes, totals, root; one core."""
    lanes = [list(lane_leaves(number, AUDITED_CALLS)) for number in range(AUDITED_LANES)]
    rows = [leaf.row for turn in zip(*lanes, strict=True) for leaf in turn]
    growth = grow({}, 0, [row.leaf_hash for row in rows])
    files = _Files([row.leaf for row in rows], growth)
    head = Head(growth.size, growth.root)
    return round(growth.size / _core_seconds(lambda: Audit(files, head).run(), ROUNDS))


@contextmanager
def _units() -> Iterator[UnitOfWorkFactory]:
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-bench-"))
    folder.chmod(0o755)
    superuser = embedded_postgres.start(folder / "postgres")
    try:
        url = embedded_postgres.ensure_database(superuser, "bench")
        upgrade(url)
        engine, clock = make_engine(url), SystemClock()
        yield UnitOfWorkFactory(engine, clock, IdSource(clock))
        engine.dispose()
    finally:
        embedded_postgres.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


def _measure_sequencer(units: UnitOfWorkFactory) -> int:
    """Sequencing, integration, re-hashing and publication of waiting calls."""
    sequencer, rates = Sequencer(units, KEYS), []
    for number in range(ROUNDS):
        with units.begin(Reach.EXCHANGE) as uow:
            rows = [leaf.row for leaf in lane_leaves(1_000 + number, SEQUENCED - 1)]
            append_leaves(driver_cursor(uow), rows)
            uow.commit()
        started = time.perf_counter()
        done = sequencer.step().integrated_count
        rates.append(done / (time.perf_counter() - started))
    return round(statistics.median(rates))


def _measure_publication(units: UnitOfWorkFactory) -> float:
    """From the durable commit of an entry to its proof under a published checkpoint."""
    stop = threading.Event()
    sequencer = Sequencer(units, KEYS)

    def work() -> None:
        while not stop.is_set():
            if not sequencer.step().integrated_count:
                stop.wait(WORKER_PAUSE_SECONDS)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        waits = sorted(_wait_for_proof(units) for _ in range(PROVABLE_SAMPLES))
    finally:
        stop.set()
        worker.join()
    return waits[len(waits) * 99 // 100]


def _wait_for_proof(units: UnitOfWorkFactory) -> float:
    with units.begin(Reach.EXCHANGE) as uow:
        leaf = append_entry(uow, "bench", {"call": "one"})
        uow.commit()
    started = time.perf_counter()
    while True:
        try:
            with units.begin(Reach.EXCHANGE) as uow:
                get_ledger_proof(uow.session, leaf)
        except NotYetPublished:
            time.sleep(0.005)
        else:
            return time.perf_counter() - started
