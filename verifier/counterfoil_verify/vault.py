"""A buyer's half: a vault of usage receipts that remembers, compares and never forgets a fork.

One SQLite file. Each receipt is verified before it is kept, and compared with its neighbours in the
lane: what cannot both be true is kept as a pair of signed statements, which is evidence by itself.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

from counterfoil_verify import receipts
from counterfoil_verify.acknowledgements import AcknowledgedLane
from counterfoil_verify.contradictions import contradiction_between
from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.fields import WHOLE_MAX
from counterfoil_verify.held import Gap, HeldReceipt, hold
from counterfoil_verify.keys import Keyring
from counterfoil_verify.log.succession import host_of
from counterfoil_verify.log.tiles import Source
from counterfoil_verify.log.turns import (
    Fork,
    GivenUp,
    find_fork,
    in_order,
    of_shard,
    why_not_extended,
)
from counterfoil_verify.notes import Checkpoint, open_checkpoint, read_head
from counterfoil_verify.proofs import check_proof, parse_proof
from counterfoil_verify.vault_tables import TABLES

STEP = "vault"
CONTRADICTION = "contradiction"
FORK = "fork"
HEADER = "usage-receipt"


class Contradiction(NamedTuple):
    """Two signed statements of the exchange that cannot both be true, as they were received."""

    first: bytes
    second: bytes
    reason: str


class ReceiptVault:
    """Receipts, heads and contradictions of one buyer; durable before each method returns."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self._keyring = keyring
        self.reopened_count = 0
        """Receipts whose proof the last head accepted took away: the log gave leaves up."""
        self._agreed: set[bytes] = set()
        """The checkpoint of the last proof, once it was compared."""
        try:
            self._store = sqlite3.connect(path, isolation_level=None)
            self._store.execute("PRAGMA journal_mode = WAL")
            self._store.execute("PRAGMA synchronous = FULL")
            self._store.executescript(TABLES)
        except sqlite3.Error as error:
            raise NotChecked(STEP, f"{path}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._store.execute("BEGIN IMMEDIATE")
        try:
            yield self._store
        except BaseException:
            self._store.execute("ROLLBACK")
            raise
        self._store.execute("COMMIT")

    # Receipts

    def take(self, data: bytes, body: bytes | None = None) -> HeldReceipt:
        """Verify a receipt (JSON or header value), and the answer it came with, then keep it.

        Taking it again changes nothing. Rejected when it is false, or when it contradicts a
        receipt that is kept; then both are kept as a contradiction.
        """
        receipt = receipts.parse_receipt(data, is_strict=False)
        receipts.check_signature(receipt, self._keyring)
        receipts.check_detail(receipt)
        if body is not None:
            receipts.check_body(receipt, body)
        held = hold(receipt)
        # Compared and kept in one: another process may be taking the same number just now.
        with self._transaction() as store:
            found = self._contradicting(held)
            if found is None:
                store.execute(
                    "INSERT OR IGNORE INTO receipts VALUES (?, ?, ?, ?, ?, NULL, ?)",
                    (held.leaf, *held.place, held.due_at, data),
                )
        if found is not None:
            self._keep_contradiction(found[0], data, found[1], step=CONTRADICTION)
        return held

    def _contradicting(self, held: HeldReceipt) -> tuple[bytes, str] | None:
        """A kept receipt that cannot be true beside this one, and why."""
        for kept in self._around(held):
            earlier = hold(receipts.parse_receipt(kept, is_strict=False))
            reason = contradiction_between(earlier, held)
            if reason:
                return kept, reason
        return None

    def take_answer(self, headers: Mapping[str, str], body: bytes) -> HeldReceipt:
        """Keep the receipt that an answer of the data plane carries in its header.

        Rejected when it carries none: an answer without its receipt is not to be paid.
        """
        found = next((text for name, text in headers.items() if name.lower() == HEADER), None)
        if found is None:
            raise Rejected(STEP, "the answer carries no usage receipt")
        return self.take(found.encode("ascii", "replace"), body)

    def _around(self, held: HeldReceipt) -> list[bytes]:
        """The kept receipts of the same number, and next to it on either side."""
        nearest = (
            "SELECT data FROM (SELECT data FROM receipts WHERE licence = ? AND lane = ? AND n {}"
            " ? ORDER BY n {} LIMIT 1)"
        )
        statement = " UNION ALL ".join(
            [nearest.format("<", "DESC"), nearest.format("=", "ASC"), nearest.format(">", "ASC")]
        )
        return [row[0] for row in self._store.execute(statement, held.place * 3)]

    def _keep_contradiction(
        self, first: bytes, second: bytes, reason: str, *, step: str
    ) -> NoReturn:
        with self._transaction() as store:
            store.execute(
                "INSERT OR IGNORE INTO contradictions VALUES (?, ?, ?)", (first, second, reason)
            )
        raise Rejected(step, f"{reason}; both statements are kept")

    def contradictions(self) -> list[Contradiction]:
        """Every pair found so far."""
        rows = self._store.execute("SELECT first, second, reason FROM contradictions")
        return [Contradiction(*row) for row in rows]

    def lanes(self, licence: str) -> list[AcknowledgedLane]:
        """Each lane up to the last call before its first gap: what the buyer can vouch for."""
        found = []
        for (lane,) in self._store.execute(
            "SELECT DISTINCT lane FROM receipts WHERE licence = ? ORDER BY lane", (licence,)
        ).fetchall():
            last = self._last_before_gap(licence, lane)
            if last is not None:
                point = last.point
                found.append(
                    AcknowledgedLane(
                        lane, point.n, point.total_units, point.total_amount, last.leaf
                    )
                )
        return found

    def _last_before_gap(self, licence: str, lane: int) -> HeldReceipt | None:
        row = self._store.execute(
            "SELECT data FROM receipts WHERE licence = ?1 AND lane = ?2 AND n < coalesce(("
            "SELECT min(n) FROM (SELECT n, row_number() OVER (ORDER BY n) AS place FROM receipts"
            " WHERE licence = ?1 AND lane = ?2) WHERE n > place), 9223372036854775807)"
            " ORDER BY n DESC LIMIT 1",
            (licence, lane),
        ).fetchone()
        return None if row is None else hold(receipts.parse_receipt(row[0], is_strict=False))

    def gaps(self, licence: str) -> list[Gap]:
        """Numbers below the highest held ones of which the buyer holds no receipt.

        Calls that were made elsewhere with the same licence, receipts that were lost, or calls
        that the exchange invented: only the buyer knows which.
        """
        rows = self._store.execute(
            "SELECT lane, before + 1, n - 1 FROM (SELECT lane, n, lag(n, 1, 0) OVER"
            " (PARTITION BY lane ORDER BY n) AS before FROM receipts WHERE licence = ?)"
            " WHERE n > before + 1 ORDER BY lane, n",
            (licence,),
        )
        return [Gap(*row) for row in rows]

    # Promises

    def unproven(self, *, due_before: int | None = None) -> list[HeldReceipt]:
        """Receipts whose leaf was not yet shown to be in the log, oldest promise first.

        ``due_before`` (µs since 1970) keeps those whose promise is broken by then.
        """
        rows = self._store.execute(
            "SELECT data FROM receipts WHERE proven_size IS NULL AND due_at < ? ORDER BY due_at",
            (2**62 if due_before is None else due_before,),
        )
        return [hold(receipts.parse_receipt(row[0], is_strict=False)) for row in rows]

    def prove(self, leaf: bytes, proof: bytes, log: Source | None = None) -> Checkpoint:
        """Accept the proof (C2SP tlog-proof) that a kept receipt's leaf is in the log.

        Rejected for another log than was promised; and as a fork, with both heads kept, when the
        last accepted head of the shard is of another history. Heads of two sizes are compared by
        the tiles of ``log``, and not without it.
        """
        parsed = parse_proof(proof)
        checkpoint = check_proof(parsed, leaf, self._keyring)
        row = self._store.execute("SELECT data FROM receipts WHERE leaf = ?", (leaf,)).fetchone()
        if row is None:
            raise Rejected(STEP, "no receipt with this leaf is kept")
        promised = receipts.parse_receipt(row[0], is_strict=False).promise.origin
        is_promised = host_of(checkpoint.origin) == host_of(promised)
        require(is_promised, STEP, f"the proof is in {checkpoint.origin}, promised was {promised}")
        is_counted = checkpoint.head.tree_size <= self._kept_size(checkpoint.origin)
        require(is_counted, STEP, f"the proof is under a head that {checkpoint.origin} gave up")
        if parsed.checkpoint not in self._agreed:
            self._check_history(checkpoint, parsed.checkpoint, log)
            self._agreed = {parsed.checkpoint}
        with self._transaction() as store:
            store.execute(
                "UPDATE receipts SET proven_size = ? WHERE leaf = ?",
                (checkpoint.head.tree_size, leaf),
            )
        return checkpoint

    def _check_history(self, checkpoint: Checkpoint, note: bytes, log: Source | None) -> None:
        kept = self.last_head(checkpoint.origin)
        if kept is None:
            return
        _, last = read_head(kept)
        tiles = None if log is None else of_shard(log, checkpoint)
        reason = why_not_extended(*in_order(last, checkpoint.head), tiles)
        if reason:
            self._keep_contradiction(kept, note, reason, step=FORK)

    def _kept_size(self, origin: str) -> int:
        row = self._store.execute(
            "SELECT kept_size FROM given_up WHERE origin = ?", (origin,)
        ).fetchone()
        return WHOLE_MAX if row is None else int(row[0])

    def _reopen(self, given_up: GivenUp) -> int:
        """Ask anew for proofs from behind what still counts of a shard; how many receipts."""
        self._store.execute("INSERT OR REPLACE INTO given_up VALUES (?, ?)", given_up[:2])
        self._store.execute("INSERT OR IGNORE INTO heads VALUES (?, ?, ?)", given_up)
        reopened = 0
        statement = "SELECT leaf, data FROM receipts WHERE proven_size > ?"
        for leaf, data in self._store.execute(statement, (given_up.kept_size,)).fetchall():
            promise = receipts.parse_receipt(data, is_strict=False).promise
            if promise.origin == given_up.origin:
                self._store.execute(
                    "UPDATE receipts SET proven_size = NULL WHERE leaf = ?", (leaf,)
                )
                reopened += 1
        return reopened

    # Heads

    def last_head(self, origin: str) -> bytes | None:
        """The newest checkpoint of a log that was accepted and that it has not given up."""
        row = self._store.execute(
            "SELECT data FROM heads WHERE origin = ? AND tree_size <= ?"
            " ORDER BY tree_size DESC LIMIT 1",
            (origin, self._kept_size(origin)),
        ).fetchone()
        return None if row is None else bytes(row[0])

    def _last_heads(self, host: str) -> dict[str, bytes]:
        """The newest accepted checkpoint of each shard of a log."""
        rows = self._store.execute("SELECT origin, data FROM heads ORDER BY tree_size").fetchall()
        return {str(name): bytes(data) for name, data in rows if host_of(name) == host}

    def watch(self, data: bytes, source: Source) -> Checkpoint:
        """Accept a checkpoint that extends the last one, by the log's public tiles.

        Rejected as a fork, and both kept as a contradiction, when it is smaller, has another root
        for the same size, or does not begin with the last one; that of a new shard, when its first
        leaf does not lead back to the last one. NotChecked where the log does not serve the way.
        """
        checkpoint = open_checkpoint(data, self._keyring)
        kept = self._last_heads(host_of(checkpoint.origin))
        accepted = dict(read_head(head) for head in kept.values())
        found = find_fork(
            accepted, (checkpoint, data), source, lambda note: open_checkpoint(note, self._keyring)
        )
        if isinstance(found, Fork):
            self._keep_contradiction(kept[found.origin], found.denying, found.reason, step=FORK)
        with self._transaction() as store:
            self.reopened_count = self._reopen(found) if found else 0
            store.execute(
                "INSERT OR IGNORE INTO heads VALUES (?, ?, ?)",
                (checkpoint.origin, checkpoint.head.tree_size, data),
            )
        return checkpoint
