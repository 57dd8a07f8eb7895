"""Witnesses' keys, requests and cosignatures (C2SP tlog-witness, tlog-cosignature), Ed25519."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.core.canonical import base64_text
from ledger.log.errors import EvidenceRefused, refuse
from ledger.log.tree.notes import (
    VerifierKey,
    from_base64,
    parse_note,
    require_binding,
    verify_note,
)

PROOF_LINES_MAX = 63
_COSIGNATURE = b"\x04"
_ED25519 = b"\x01"
_PUBLIC_KEY_BYTES = 32
_TIMESTAMP_BYTES = 8
_SIGNATURE_BYTES = 64
_TIMESTAMP_MAX = 2**63 - 1
_VKEY = re.compile(r"([^\s+\x00-\x20\x7f]{1,255})\+([0-9a-f]{8})\+(\S{1,100})")
_SIZE = re.compile(rb"(0|[1-9]\d{0,18})\n")


@dataclass(frozen=True)
class WitnessKey:
    """A witness's public key under its name."""

    name: str
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """The four bytes that tell keys of one name apart; not those of a log's own key."""
        seed = self.name.encode() + b"\n" + _COSIGNATURE + self.public_key
        return hashlib.sha256(seed).digest()[:4]

    @property
    def text(self) -> str:
        """The vkey line."""
        encoded = base64_text(_COSIGNATURE + self.public_key)
        return f"{self.name}+{self.key_hash.hex()}+{encoded}"


@dataclass(frozen=True)
class Cosignature:
    """A verified line: whose it is, and when the witness says that it signed (seconds)."""

    key: WitnessKey
    timestamp: int
    line: str


def parse_witness_key(text: str) -> WitnessKey:
    """The key of a vkey line of type cosignature/v1; raises `EvidenceRefused`."""
    match = _VKEY.fullmatch(text)
    if match is None:
        refuse("this is no witness's key")
    encoded = from_base64(match[3])
    key = WitnessKey(match[1], encoded[1:])
    is_cosigner = encoded[:1] == _COSIGNATURE and len(key.public_key) == _PUBLIC_KEY_BYTES
    if not is_cosigner or key.key_hash.hex() != match[2]:
        refuse("the witness's key does not match its hash")
    require_binding(key.public_key)
    return key


def write_request(old_size: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body of an add-checkpoint request."""
    assert len(proof) <= PROOF_LINES_MAX
    lines = [f"old {old_size}", *(base64_text(each) for each in proof), "", ""]
    return ("\n".join(lines) + note).encode()


def parse_known_size(body: bytes) -> int:
    """The size in a 409 answer; raises `EvidenceRefused`."""
    match = _SIZE.fullmatch(body)
    if match is None:
        refuse("the witness did not say its size")
    return int(match[1])


def read_cosignature(note: str, answer: bytes, key: WitnessKey) -> Cosignature:
    """The witness's own line in its answer about this note; raises `EvidenceRefused`.

    Lines of other keys are passed over, whatever they say.
    """
    try:
        signed = parse_note(note.encode() + answer)
    except EvidenceRefused:
        refuse("the witness's answer is no list of signatures")
    found = [
        signature.signature
        for signature in signed.signatures
        if (signature.name, signature.key_hash) == (key.name, key.key_hash)
    ]
    if not found:
        refuse("the witness did not sign")
    return _verified(key, found[0], signed.text)


def _verified(key: WitnessKey, data: bytes, text: str) -> Cosignature:
    stamp, proof = data[:_TIMESTAMP_BYTES], data[_TIMESTAMP_BYTES:]
    timestamp = int.from_bytes(stamp)
    if len(proof) != _SIGNATURE_BYTES or timestamp > _TIMESTAMP_MAX:
        refuse("the cosignature is malformed")
    message = f"cosignature/v1\ntime {timestamp}\n{text}"
    _verify_ed25519(key, message, proof)
    line = f"\N{EM DASH} {key.name} {base64_text(key.key_hash + data)}\n"
    return Cosignature(key, timestamp, line)


def _verify_ed25519(key: WitnessKey, message: str, proof: bytes) -> None:
    """By the note's own verification: the same key, as if the message were a note's text."""
    plain = VerifierKey(key.name, key.public_key)
    line = f"\N{EM DASH} {key.name} {base64_text(plain.key_hash + proof)}\n"
    verify_note(parse_note(f"{message}\n{line}".encode()), [plain])
