"""A witness: cosigns a log's checkpoint only if it extends the last one that it cosigned.

The checks and their answers are those of C2SP tlog-witness, in its order. A head is on the disk
before its cosignature leaves, so that a crash, a restart or a second request in between can never
lead to cosignatures over two histories, or over a smaller tree after a larger one.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import ED25519, Key, KeyEnd
from counterfoil_verify.merkle import CONSISTENCY, Head, check_consistency
from counterfoil_verify.witness.requests import AddCheckpoint, WitnessKey, parse_add_checkpoint
from counterfoil_verify.witness.store import Evidence, WitnessStore

COSIGNED = 200
MALFORMED = 400
NOT_SIGNED = 403
UNKNOWN_LOG = 404
CONFLICT = 409
INCONSISTENT = 422
BROKEN = 500
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
SAME_SIZE = "two root hashes for one size"


class WitnessAnswer(NamedTuple):
    """Status, type and body of an answer."""

    status: int
    content_type: str
    body: str


class Witness:
    """One witness with its key, its state and the logs that it knows."""

    def __init__(
        self,
        key: WitnessKey,
        store: WitnessStore,
        logs: Iterable[Key],
        *,
        now: Callable[[], float],
        ends: Mapping[Key, KeyEnd] | None = None,
    ) -> None:
        """``ends`` are of those logs' keys that were retired."""
        self.key = key
        self._store, self._now = store, now
        self._ends = ends or {}
        self._logs: dict[str, list[Key]] = {}
        for log in logs:
            self._logs.setdefault(log.name, []).append(log)
        # One connection, one request at a time: a check and what it leads to are one step.
        self._lock = threading.Lock()

    @property
    def origins(self) -> Sequence[str]:
        """The logs that it knows."""
        return sorted(self._logs)

    def add_checkpoint(self, body: bytes) -> WitnessAnswer:
        """The answer to one request of the protocol."""
        try:
            request = parse_add_checkpoint(body)
        except Rejected as error:
            return _refusal(MALFORMED, str(error))
        keys = self._logs.get(request.origin)
        if keys is None:
            return _refusal(UNKNOWN_LOG, "this witness does not know the log")
        if not _is_signed(request, [key for key in keys if self._speaks_for(key, request.head)]):
            return _refusal(NOT_SIGNED, "no known key of the log signed the checkpoint")
        if request.old_size > request.head.tree_size:
            return _refusal(MALFORMED, "the old size is beyond the checkpoint's")
        with self._lock, self._store.locked():
            answer = self._compare(request)
            if answer is not None:
                return answer
            timestamp = int(self._now())
            if timestamp < 0:
                return _refusal(BROKEN, "this witness's clock is before 1970")
            self._store.remember(request.origin, request.head, request.note, timestamp)
        return WitnessAnswer(COSIGNED, TEXT, self.key.cosign(request.text, timestamp))

    def _speaks_for(self, key: Key, head: Head) -> bool:
        end = self._ends.get(key)
        return end is None or head.tree_size <= end.until_size

    def _compare(self, request: AddCheckpoint) -> WitnessAnswer | None:
        """Why the checkpoint is not cosigned; None when it extends the last one."""
        known = self._store.known(request.origin)
        is_same_size = request.head.tree_size == known.head.tree_size
        if is_same_size and request.head.root_hash != known.head.root_hash:
            self._accuse(request, known.note, SAME_SIZE)
            return WitnessAnswer(CONFLICT, SIZE, f"{known.head.tree_size}\n")
        if request.old_size != known.head.tree_size:
            return WitnessAnswer(CONFLICT, SIZE, f"{known.head.tree_size}\n")
        try:
            check_consistency(known.head, request.head, request.proof)
        except Rejected as error:
            return _refusal(INCONSISTENT, f"{CONSISTENCY}: {error.reason}")
        return None

    def _accuse(self, request: AddCheckpoint, known_note: bytes, reason: str) -> None:
        """Two signatures of the log over two histories are kept: they speak for themselves."""
        self._store.keep_evidence(
            Evidence(request.origin, reason, known_note, request.note, int(self._now()))
        )


def _is_signed(request: AddCheckpoint, keys: Iterable[Key]) -> bool:
    """Whether a known key signed; others' signatures are passed over, a false one of ours too."""
    for signature in request.signatures:
        for key in keys:
            if (key.name, key.key_id) != (signature.name, signature.key_id):
                continue
            assert key.algorithm == ED25519
            try:
                key.verify(request.text, signature.signature, "checkpoint")
            except Rejected:
                return False
            return True
    return False


def _refusal(status: int, reason: str) -> WitnessAnswer:
    return WitnessAnswer(status, TEXT, f"{reason}\n")
