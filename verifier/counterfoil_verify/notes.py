"""Signed notes and checkpoints: C2SP signed-note, tlog-checkpoint and tlog-cosignature."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE, decode_base64
from counterfoil_verify.keys import COSIGNATURE, ED25519, Key, Keyring
from counterfoil_verify.merkle import Head

STEP = "checkpoint"
NOTE_BYTES_MAX = 65_536
SIGNATURES_MAX = 64
KEY_ID_SIZE = 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNATURE = re.compile(r"— ([^\s+]+) (\S+)")
_TIMESTAMP_SIZE = 8
_HEAD_LINES = 3


@dataclass(frozen=True)
class NoteSignature:
    """One signature line, not yet verified."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class Checkpoint:
    """A log's head whose signature has been verified."""

    origin: str
    head: Head
    key: Key
    witnesses: tuple[str, ...]
    signers: tuple[Key, ...] = ()
    """Every trusted key that signed and speaks for a tree of this size."""


def parse_note(data: bytes) -> tuple[bytes, list[NoteSignature]]:
    """The signed text, with its final newline, and the signature lines below it."""
    require(len(data) <= NOTE_BYTES_MAX, STEP, f"longer than {NOTE_BYTES_MAX} bytes")
    try:
        note = data.decode()
    except UnicodeDecodeError as error:
        raise Rejected(STEP, "not UTF-8") from error
    require(not _CONTROL.search(note), STEP, "control characters in the note")
    body, gap, tail = note.rpartition("\n\n")
    require(gap and body and tail.endswith("\n"), STEP, "not a signed note")
    lines = tail[:-1].split("\n")
    require(len(lines) <= SIGNATURES_MAX, STEP, f"more than {SIGNATURES_MAX} signatures")
    return (body + "\n").encode(), [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> NoteSignature:
    match = _SIGNATURE.fullmatch(line)
    if match is None:
        raise Rejected(STEP, "not a signature line")
    data = decode_base64(match[2], STEP, "a signature")
    require(len(data) > KEY_ID_SIZE, STEP, "a signature without a signature")
    return NoteSignature(match[1], data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])


def open_checkpoint(data: bytes, keyring: Keyring) -> Checkpoint:
    """The log's head; Rejected unless a trusted checkpoint key signed it for its own origin."""
    text, signatures = parse_note(data)
    origin, head = _parse_head(text)
    keys = [key for key in keyring.checkpoint if key.name == origin]
    lacking = f"no trusted key for the origin {origin[:200]!r}: keys name one shard each"
    require(keys, STEP, f"{lacking}, so that those of one year do not open the next")
    signed = list(_verified(text, signatures, keys))
    require(signed, STEP, "no trusted key signed the checkpoint")
    signers = [key for key in signed if keyring.speaks_at(key, head.tree_size)]
    told = f"its key was retired before size {head.tree_size}, or is valid from a later one"
    require(signers, STEP, told)
    witnesses = _verified(text, signatures, keyring.witnesses)
    return Checkpoint(origin, head, signers[0], _names_of(witnesses, keys), tuple(signers))


def _names_of(witnesses: Iterable[Key], own: Iterable[Key]) -> tuple[str, ...]:
    """One name for each key that is not the log's own: names are free, keys are not."""
    named: dict[bytes, str] = {}
    for key in witnesses:
        named.setdefault(key.public, key.name)
    for key in own:
        named.pop(key.public, None)
    return tuple(dict.fromkeys(named.values()))


def read_head(data: bytes) -> tuple[str, Head]:
    """Origin and head of a note whose signature was verified when it was accepted.

    Keys end; what they signed in their time was seen then, and is not forgotten.
    """
    text, _ = parse_note(data)
    return _parse_head(text)


def _parse_head(text: bytes) -> tuple[str, Head]:
    lines = text.decode()[:-1].split("\n")
    require(len(lines) == _HEAD_LINES and all(lines), STEP, "not origin, tree size and root hash")
    require(_SIZE.fullmatch(lines[1]), STEP, "the tree size is not a number")
    root_hash = decode_base64(lines[2], STEP, "the root hash")
    require(len(root_hash) == HASH_SIZE, STEP, "the root hash is not 32 bytes")
    return lines[0], Head(int(lines[1]), root_hash)


def _verified(
    text: bytes, signatures: Iterable[NoteSignature], keys: Iterable[Key]
) -> Iterable[Key]:
    """The keys that signed; unknown keys are ignored, a known key's false signature is Rejected."""
    known = {(key.name, key.key_id): key for key in keys}
    for signature in signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            message, proof = _signed_message(text, signature, key)
            key.verify(message, proof, STEP)
            yield key


def _signed_message(text: bytes, signature: NoteSignature, key: Key) -> tuple[bytes, bytes]:
    if key.algorithm == ED25519:
        return text, signature.signature
    assert key.algorithm == COSIGNATURE
    stamp, proof = signature.signature[:_TIMESTAMP_SIZE], signature.signature[_TIMESTAMP_SIZE:]
    header = f"cosignature/v1\ntime {int.from_bytes(stamp)}\n"
    return header.encode() + text, proof
