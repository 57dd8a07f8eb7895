"""What a witness is sent and answers: C2SP tlog-witness requests, C2SP tlog-cosignature lines."""

import base64
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE, decode_base64
from counterfoil_verify.keys import COSIGNATURE, Key, key_id_of
from counterfoil_verify.merkle import Head
from counterfoil_verify.notes import NOTE_BYTES_MAX, NoteSignature, parse_note

STEP = "request"
PROOF_LINES_MAX = 63
REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 4_096
NAME_MAX = 255
_OLD = re.compile(r"old (0|[1-9][0-9]{0,15})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_NAME = re.compile(r"[^\s+]+")
_HEAD_LINES = 3


@dataclass(frozen=True)
class AddCheckpoint:
    """A request to cosign: the size it goes on from, the proof, and the note, not yet believed."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes
    text: bytes
    origin: str
    head: Head
    signatures: tuple[NoteSignature, ...]


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """The request's parts; Rejected when it is not of the form."""
    require(len(body) <= REQUEST_BYTES_MAX, STEP, f"longer than {REQUEST_BYTES_MAX} bytes")
    top, gap, note = body.partition(b"\n\n")
    require(gap, STEP, "no empty line before the checkpoint")
    try:
        first, *lines = top.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Rejected(STEP, "not ASCII before the checkpoint") from error
    match = _OLD.fullmatch(first)
    if match is None:
        raise Rejected(STEP, "no old size")
    require(len(lines) <= PROOF_LINES_MAX, STEP, f"more than {PROOF_LINES_MAX} proof lines")
    proof = tuple(decode_base64(line, STEP, "a proof line") for line in lines)
    require(all(len(each) == HASH_SIZE for each in proof), STEP, "a proof line is no hash")
    text, signatures = parse_note(note)
    origin, head = parse_head(text)
    return AddCheckpoint(int(match[1]), proof, note, text, origin, head, tuple(signatures))


def parse_head(text: bytes) -> tuple[str, Head]:
    """Origin and head of a checkpoint's text; extension lines are signed over, and not read."""
    lines = text.decode()[:-1].split("\n")
    require(len(lines) >= _HEAD_LINES and all(lines), STEP, "not origin, tree size and root hash")
    require(_SIZE.fullmatch(lines[1]), STEP, "the tree size is not a number")
    root_hash = decode_base64(lines[2], STEP, "the root hash")
    require(len(root_hash) == HASH_SIZE, STEP, "the root hash is not 32 bytes")
    return lines[0], Head(int(lines[1]), root_hash)


def write_add_checkpoint(old_size: int, proof: list[bytes], note: bytes) -> bytes:
    """The request's bytes."""
    lines = [f"old {old_size}", *(base64.b64encode(each).decode() for each in proof), "", ""]
    return "\n".join(lines).encode() + note


@dataclass(frozen=True)
class WitnessKey:
    """A witness's name and private key."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> Key:
        """What others verify its cosignatures with."""
        raw = self.private.public_key().public_bytes_raw()
        return Key(self.name, key_id_of(self.name, COSIGNATURE, raw), COSIGNATURE, raw)

    def cosign(self, text: bytes, timestamp: int) -> str:
        """The signature line over a checkpoint's text; `timestamp` in seconds since 1970."""
        message = f"cosignature/v1\ntime {timestamp}\n".encode() + text
        signed = self.public.key_id + timestamp.to_bytes(8) + self.private.sign(message)
        return f"— {self.name} {base64.b64encode(signed).decode()}\n"


def check_name(name: str) -> str:
    """The name, if a signature line can carry it."""
    fits = _NAME.fullmatch(name) and len(name.encode()) <= NAME_MAX
    require(fits, STEP, "a witness's name has no blank and no +")
    return name
