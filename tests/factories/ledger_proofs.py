"""Ledger proofs as their reader takes them: strictly, and believed only under a signed head."""

import re

from ledger.log.errors import refuse
from ledger.log.tree.checkpoints import open_checkpoint
from ledger.log.tree.merkle import HASH_BYTES, TREE_SIZE_MAX, check_inclusion
from ledger.log.tree.notes import NOTE_BYTES_MAX, from_base64
from ledger.log.tree.proofs import HEADER, LedgerProof

PATH_MAX = TREE_SIZE_MAX.bit_length()
_INDEX = re.compile(r"index (0|[1-9]\d{0,18})", re.ASCII)
_LINES_LEAST = 2


def parse_ledger_proof(raw):
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


def _parse_path(lines):
    path = tuple(from_base64(line) for line in lines)
    if any(len(item) != HASH_BYTES for item in path):
        refuse("a path's hashes have 32 bytes")
    return path


def check_ledger_proof(proof, leaf, keys, *, origin):
    """The signed head under which the leaf hash stands; raises `EvidenceRefused`."""
    checkpoint = open_checkpoint(proof.checkpoint.encode(), keys, origin=origin)
    check_inclusion(leaf, proof.index, checkpoint.tree_size, proof.path, root=checkpoint.root_hash)
    return checkpoint
