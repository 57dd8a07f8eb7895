"""Ledger proofs as text (C2SP tlog-proof) and consistency proofs as JSON values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.log.errors import refuse
from ledger.log.tree.checkpoints import Checkpoint, open_checkpoint
from ledger.log.tree.merkle import HASH_BYTES, TREE_SIZE_MAX, check_inclusion
from ledger.log.tree.notes import NOTE_BYTES_MAX, VerifierKey, from_base64, to_base64

HEADER = "c2sp.org/tlog-proof@v1"
PATH_MAX = TREE_SIZE_MAX.bit_length()
_INDEX = re.compile(r"index (0|[1-9]\d{0,18})", re.ASCII)
_LINES_LEAST = 2


@dataclass(frozen=True)
class LedgerProof:
    """An entry's index, its path to the root, and the checkpoint note that signs that root."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    @property
    def text(self) -> str:
        """The proof in the form that any reader of the specification checks offline."""
        hashes = "".join(f"{to_base64(item)}\n" for item in self.path)
        return f"{HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}"


def parse_ledger_proof(raw: bytes) -> LedgerProof:
    """A proof read but not yet believed; raises `EvidenceRefused`."""
    if len(raw) > NOTE_BYTES_MAX + PATH_MAX * 64:
        refuse("the proof is too long")
    try:
        head, separator, checkpoint = raw.decode().partition("\n\n")
    except UnicodeDecodeError:
        refuse("the proof is not UTF-8")
    lines = head.split("\n")
    if not separator or lines[0] != HEADER or len(lines) < _LINES_LEAST:
        refuse("this is no ledger proof")
    index = _INDEX.fullmatch(lines[1])
    if index is None or len(lines) > PATH_MAX + _LINES_LEAST:
        refuse("the proof's index or path is malformed")
    return LedgerProof(int(index[1]), _parse_path(lines[2:]), checkpoint)


def _parse_path(lines: Sequence[str]) -> tuple[bytes, ...]:
    path = tuple(from_base64(line) for line in lines)
    if any(len(item) != HASH_BYTES for item in path):
        refuse("a path's hashes have 32 bytes")
    return path


def check_ledger_proof(
    proof: LedgerProof, leaf: bytes, keys: Sequence[VerifierKey], *, origin: str
) -> Checkpoint:
    """The signed head under which the leaf hash stands; raises `EvidenceRefused`."""
    checkpoint = open_checkpoint(proof.checkpoint.encode(), keys, origin=origin)
    check_inclusion(leaf, proof.index, checkpoint.tree_size, proof.path, root=checkpoint.root_hash)
    return checkpoint


def consistency_document(
    first: int, second: int, hashes: Sequence[bytes], *, first_root: bytes, second_root: bytes
) -> dict[str, object]:
    """The proof between two heads as a JSON value: sizes, base64 roots and base64 hashes."""
    return {
        "from": first,
        "to": second,
        "from_root": to_base64(first_root),
        "to_root": to_base64(second_root),
        "hashes": [to_base64(item) for item in hashes],
    }
