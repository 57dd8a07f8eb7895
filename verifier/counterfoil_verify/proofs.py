"""Ledger proofs: C2SP tlog-proof text that carries an inclusion proof and a checkpoint."""

import re
from dataclasses import dataclass

from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE, decode_base64
from counterfoil_verify.keys import Keyring
from counterfoil_verify.merkle import check_inclusion
from counterfoil_verify.notes import NOTE_BYTES_MAX, Checkpoint, open_checkpoint

STEP = "proof"
HEADER = "c2sp.org/tlog-proof@v1"
PATH_MAX = 64
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True)
class LedgerProof:
    """An inclusion proof as read, with its checkpoint still unopened."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes


def parse_proof(data: bytes) -> LedgerProof:
    """A ledger proof; a proof with extra data is refused, because nothing authenticates it."""
    require(len(data) <= NOTE_BYTES_MAX, STEP, f"longer than {NOTE_BYTES_MAX} bytes")
    head, gap, checkpoint = data.partition(b"\n\n")
    require(gap, STEP, "no checkpoint behind the path")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Rejected(STEP, "not ASCII above the checkpoint") from error
    require(first == HEADER, STEP, f"not a {HEADER}")
    match = _INDEX.fullmatch(lines[0]) if lines else None
    if match is None:
        raise Rejected(STEP, "no index behind the first line")
    return LedgerProof(int(match[1]), _parse_path(lines[1:]), checkpoint)


def _parse_path(lines: list[str]) -> tuple[bytes, ...]:
    require(len(lines) <= PATH_MAX, STEP, f"a path of more than {PATH_MAX} hashes")
    path = tuple(decode_base64(line, STEP, "a hash of the path") for line in lines)
    require(all(len(value) == HASH_SIZE for value in path), STEP, "a hash is not 32 bytes")
    return path


def check_proof(proof: LedgerProof, leaf: bytes, keyring: Keyring) -> Checkpoint:
    """The verified checkpoint that the leaf hash is under; Rejected when it is not."""
    checkpoint = open_checkpoint(proof.checkpoint, keyring)
    check_inclusion(leaf, proof.index, proof.path, checkpoint.head)
    return checkpoint
