"""Checkpoints (C2SP tlog-checkpoint): a signed note of origin, tree size and root hash."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.canonical import base64_text
from app.core.signing import Signer
from ledger.log.errors import refuse
from ledger.log.tree.merkle import HASH_BYTES, TREE_SIZE_MAX
from ledger.log.tree.notes import (
    VerifierKey,
    from_base64,
    parse_note,
    sign_note,
    verify_note,
)

_SIZE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_LINES_LEAST = 3


@dataclass(frozen=True)
class Checkpoint:
    """A head of the log: its origin, tree size and 32-byte root hash."""

    origin: str
    tree_size: int
    root_hash: bytes

    @property
    def text(self) -> str:
        """The note text, without signatures; we write no extension lines."""
        return f"{self.origin}\n{self.tree_size}\n{base64_text(self.root_hash)}\n"


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[Signer]) -> str:
    """The signed note; the first signer's name is the origin."""
    return sign_note(checkpoint.text, signers)


def parse_checkpoint(text: str) -> Checkpoint:
    """The head that a note's text names; raises `EvidenceRefused`."""
    lines = text.split("\n")
    if len(lines) <= _LINES_LEAST or lines.pop() or not all(lines):
        refuse("a checkpoint has three lines that are not empty")
    origin, size, root = lines[:_LINES_LEAST]
    root_hash = from_base64(root)
    if not _SIZE.fullmatch(size) or int(size) > TREE_SIZE_MAX or len(root_hash) != HASH_BYTES:
        refuse("the checkpoint's size or root is malformed")
    return Checkpoint(origin, int(size), root_hash)


def open_checkpoint(raw: bytes, keys: Sequence[VerifierKey], *, origin: str) -> Checkpoint:
    """The head that a known key signed for this origin; raises `EvidenceRefused`."""
    note = parse_note(raw)
    verify_note(note, keys)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        refuse("the checkpoint belongs to another log")
    return checkpoint
