"""Signed notes and verifier keys (C2SP signed-note), Ed25519; unknown signatures are ignored."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import base64_text
from app.core.signing import Signer
from ledger.log.errors import refuse

NOTE_BYTES_MAX = 64 * 1024
SIGNATURES_MAX = 32
_ED25519 = b"\x01"
_KEY_HASH_BYTES = 4
_PUBLIC_KEY_BYTES = 32
_FIELD = 2**255 - 19
_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDERS = frozenset({0, 1, _FIELD - 1, _OF_ORDER_8, _FIELD - _OF_ORDER_8})
"""The ordinates of the eight points of edwards25519 whose order divides 8."""
_DASH = "\N{EM DASH} "
_KEY_NAME = re.compile(r"[^\s+\x00-\x20\x7f]+")


@dataclass(frozen=True)
class VerifierKey:
    """A public key under its name, as a vkey line carries it."""

    name: str
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """The four bytes that tell keys of one name apart."""
        seed = self.name.encode() + b"\n" + _ED25519 + self.public_key
        return hashlib.sha256(seed).digest()[:_KEY_HASH_BYTES]

    @property
    def text(self) -> str:
        """The vkey line: name, key hash in hexadecimal, base64 of algorithm and key."""
        return f"{self.name}+{self.key_hash.hex()}+{base64_text(_ED25519 + self.public_key)}"


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: whose it says it is, and its bytes."""

    name: str
    key_hash: bytes
    signature: bytes


@dataclass(frozen=True)
class Note:
    """A note read but not yet believed: its text (with the final newline) and signatures."""

    text: str
    signatures: tuple[NoteSignature, ...]


def from_base64(text: str) -> bytes:
    """The bytes of a text in its one base64 form; raises `EvidenceRefused`."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        refuse("this is not base64")
    if base64_text(data) != text:  # spare bits would let two texts mean one value
        refuse("this base64 is not in its one form")
    return data


def key_of(signer: Signer) -> VerifierKey:
    """The public half of a signer."""
    return VerifierKey(signer.name, signer.public_key)


def parse_vkey(text: str) -> VerifierKey:
    """The key of a vkey line; raises `EvidenceRefused`."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not _KEY_NAME.fullmatch(parts[0]):  # noqa: PLR2004 -- name, hash, key
        refuse("this is no verifier key: a name, eight hex digits and Base64, with + between")
    encoded = from_base64(parts[2])
    key = VerifierKey(parts[0], encoded[1:])
    is_ed25519 = encoded[:1] == _ED25519 and len(key.public_key) == _PUBLIC_KEY_BYTES
    if not is_ed25519 or key.key_hash.hex() != parts[1]:
        refuse("the verifier key does not match its hash")
    require_binding(key.public_key)
    return key


def require_binding(public_key: bytes) -> None:
    """Refuse a point out of its one form (RFC 8032, section 5.1.3), and one of small order.

    Under such a key one signature fits many texts, so that its owner can disown each of them.
    """
    y = int.from_bytes(public_key, "little") & ((1 << 255) - 1)
    if y >= _FIELD or y in _SMALL_ORDERS:
        refuse("the public key binds nobody: its point is of small order, or not in its one form")


def sign_note(text: str, signers: Sequence[Signer]) -> str:
    """The note over a text that ends in a newline; one line a signer."""
    if not text.endswith("\n"):
        msg = "a note's text ends in a newline"
        raise ValueError(msg)
    signed = text.encode()
    lines = [
        f"{_DASH}{signer.name} {base64_text(key_of(signer).key_hash + signer.sign(signed))}\n"
        for signer in signers
    ]
    return f"{text}\n{''.join(lines)}"


def parse_note(raw: bytes) -> Note:
    """The text and signature lines of a note; raises `EvidenceRefused`."""
    if len(raw) > NOTE_BYTES_MAX:
        refuse("the note is too long")
    try:
        note = raw.decode("utf-8")
    except UnicodeDecodeError:
        refuse("the note is not UTF-8")
    if any(character < " " and character != "\n" for character in note):
        refuse("the note holds control characters")
    text, separator, rest = note.rpartition("\n\n")
    if not separator or not rest.endswith("\n"):
        refuse("the note has no signatures")
    return Note(text + "\n", _parse_signatures(rest[:-1].split("\n")))


def _parse_signatures(lines: Sequence[str]) -> tuple[NoteSignature, ...]:
    if len(lines) > SIGNATURES_MAX:
        refuse("the note has too many signatures")
    return tuple(_parse_signature(line) for line in lines)


def _parse_signature(line: str) -> NoteSignature:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator or not _KEY_NAME.fullmatch(name):
        refuse("a signature line is malformed")
    data = from_base64(encoded)
    if len(data) <= _KEY_HASH_BYTES:
        refuse("a signature line is malformed")
    return NoteSignature(name, data[:_KEY_HASH_BYTES], data[_KEY_HASH_BYTES:])


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[str, ...]:
    """The names whose signatures hold, at least one; raises `EvidenceRefused`.

    A known key with a bad signature spoils the whole note; unknown keys are passed over.
    """
    known = {(key.name, key.key_hash): key for key in keys}
    verified = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_hash))
        if key is not None:
            _verify(key, signature.signature, note.text.encode())
            verified.append(key.name)
    if not verified:
        refuse("no known key signed the note")
    return tuple(verified)


def _verify(key: VerifierKey, signature: bytes, message: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        refuse("a known key's signature is wrong")
