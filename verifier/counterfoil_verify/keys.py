"""Verification keys: their text form (C2SP signed-note vkeys), their roles, their fingerprints."""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from counterfoil_verify.canonical import Json, parse
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import Record, decode_base64

STEP = "keys"
ED25519 = 0x01
PUBLIC_SIZE = 32
FIELD = 2**255 - 19
_WITHOUT_SIGN = 2**255 - 1
_OF_ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDERS = frozenset({0, 1, FIELD - 1, _OF_ORDER_8, FIELD - _OF_ORDER_8})
"""The ordinates of the eight points of edwards25519 whose order divides 8."""
COSIGNATURE = 0x04
KEYS_BYTES_MAX = 65_536
KEYS_PER_ROLE_MAX = 64
COMPARE = "compare these fingerprints with those you got elsewhere"
ROLES = ("checkpoint", "receipts", "statements", "witnesses", "buyers")
HISTORY_ROLES = ("checkpoint", "receipts", "statements")
ROTATION, COMPROMISE = "rotation", "compromise"
RECEIPTS_SUFFIX = "/receipts"
STATEMENTS_SUFFIX = "/statements"
BUYERS_SUFFIX = "/acknowledgements"
REPORTS_SUFFIX = "/reports"
_VKEY = re.compile(r"([^\s+]{1,255})\+([0-9a-f]{8})\+(\S{1,100})")


@dataclass(frozen=True)
class Key:
    """One Ed25519 verification key under its name."""

    name: str
    key_id: bytes
    algorithm: int
    public: bytes

    @property
    def text(self) -> str:
        """The key as C2SP text."""
        encoded = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the 32 public key bytes, in hexadecimal."""
        return hashlib.sha256(self.public).hexdigest()

    def verify(self, message: bytes, signature: bytes, step: str) -> None:
        """Reject at `step` a signature that this key did not make (RFC 8032)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Rejected(step, f"the signature of {self.name} is false") from error


def _check_point(public: bytes) -> None:
    """Reject a point out of its one form, and one of small order.

    Under such a key one signature fits many texts: whoever publishes it has signed nothing.
    RFC 8032, section 5.1.3, for the form; section 5.1.7 leaves small orders to the reader.
    """
    y = int.from_bytes(public, "little") & _WITHOUT_SIGN
    require(y < FIELD, STEP, "a public key is not in its one form")
    require(y not in SMALL_ORDERS, STEP, "a public key is of small order: it proves nothing")


def key_id_of(name: str, algorithm: int, public: bytes) -> bytes:
    """The four bytes that C2SP signed notes know a key by."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


def named_key(name: str, key: Ed25519PrivateKey) -> Key:
    """The verification key of a private key under a name."""
    public = key.public_key().public_bytes_raw()
    return Key(name, key_id_of(name, ED25519, public), ED25519, public)


def parse_vkey(text: str) -> Key:
    """A key from `name+hex key id+base64(algorithm || public key)`; the key id is recomputed."""
    match = _VKEY.fullmatch(text)
    if match is None:
        raise Rejected(STEP, "not a verification key")
    name, key_id, encoded = match.groups()
    data = decode_base64(encoded, STEP, "a public key")
    require(len(data) == 1 + PUBLIC_SIZE, STEP, "not an Ed25519 public key")
    require(data[0] in {ED25519, COSIGNATURE}, STEP, f"algorithm {data[0]} is not supported")
    _check_point(data[1:])
    expected = key_id_of(name, data[0], data[1:])
    require(expected.hex() == key_id, STEP, f"the key id of {name} is not that of its key")
    return Key(name, expected, data[0], data[1:])


@dataclass(frozen=True)
class KeyEnd:
    """Where a key's validity ends: it speaks for no tree larger than this."""

    until_size: int
    is_compromised: bool


@dataclass(frozen=True)
class Keyring:
    """The trusted keys, by what each may sign; a key of one role is never accepted in another."""

    checkpoint: tuple[Key, ...] = ()
    receipts: tuple[Key, ...] = ()
    statements: tuple[Key, ...] = ()
    witnesses: tuple[Key, ...] = ()
    buyers: tuple[Key, ...] = ()
    source: str = field(default="", compare=False)
    ends: Mapping[Key, KeyEnd] = field(default_factory=dict)
    """The keys that are retired."""
    starts: Mapping[Key, int] = field(default_factory=dict)
    """From which tree size on a key speaks that stands in the history alone."""

    def end_of(self, key: Key) -> KeyEnd | None:
        """Where the key's validity ended, if it did."""
        return self.ends.get(key)

    def speaks_at(self, key: Key, tree_size: int) -> bool:
        """Whether the key's signature counts under a tree of that size."""
        end = self.ends.get(key)
        return self.starts.get(key, 0) <= tree_size and (end is None or tree_size <= end.until_size)

    def unspoilt(self, keys: Iterable[Key]) -> list[Key]:
        """Those of the keys that were not retired for a compromise."""
        ends = {key: self.ends.get(key) for key in keys}
        return [key for key, end in ends.items() if end is None or not end.is_compromised]

    def joined(self, other: "Keyring") -> "Keyring":
        """These keys and the other's: whoever names keys in two places trusts them all."""
        both = {
            role: tuple(dict.fromkeys((*getattr(self, role), *getattr(other, role))))
            for role in ROLES
        }
        source = f"{self.source} and {other.source}"
        ends, starts = {**other.ends, **self.ends}, {**other.starts, **self.starts}
        return Keyring(**both, source=source, ends=ends, starts=starts)

    def roles(self) -> Iterator[tuple[str, Key]]:
        """Every key with its role, for showing fingerprints."""
        for role in ROLES:
            for key in getattr(self, role):
                yield role, key


def verify_named(
    keys: Iterable[Key], name: str, message: bytes, signature: bytes, *, step: str
) -> Key:
    """The key of that name which made the signature; several share a name during a rotation."""
    candidates = [key for key in keys if key.name == name]
    require(candidates, step, f"no trusted key is named {name[:200]!r}")
    for key in candidates[:-1]:
        try:
            key.verify(message, signature, step)
        except Rejected:
            continue
        return key
    candidates[-1].verify(message, signature, step)
    return candidates[-1]


def parse_keyring(data: bytes, source: str) -> Keyring:
    """A keyring from keys.json: per role one verification key or a list of them."""
    try:
        value = parse(data, bytes_max=KEYS_BYTES_MAX, is_strict=False)
    except Rejected as error:
        raise error.within(STEP) from error
    record = Record(STEP, value, "keys.json")
    record.only(optional=("origin", "history", *ROLES))
    named = {name: _keys_of(record.members[name]) for name in ROLES if name in record.members}
    keyring = replace(Keyring(source=source), **named)  # type: ignore[arg-type]
    if "history" in record.members:
        for entry in record.records("history", len(HISTORY_ROLES) * KEYS_PER_ROLE_MAX):
            keyring = _with_former(keyring, entry)
    return _checked(keyring)


def _with_former(keyring: Keyring, entry: Record) -> Keyring:
    """A key of the history belongs to its role; where it says so, it ends."""
    entry.only("role", "key", "from_size", optional=("from_at", "until_size", "until_at", "reason"))
    role, key = entry.text("role"), parse_vkey(entry.text("key"))
    require(role in HISTORY_ROLES, STEP, f"no role {role[:50]!r} has a history")
    known: tuple[Key, ...] = getattr(keyring, role)
    starts = dict(keyring.starts)
    if key not in known:
        known, starts[key] = (*known, key), entry.whole("from_size")
    require(len(known) <= KEYS_PER_ROLE_MAX, STEP, f"more than {KEYS_PER_ROLE_MAX} keys of a role")
    ends = dict(keyring.ends)
    if "until_size" in entry.members:
        reason = entry.text("reason")
        require(reason in {ROTATION, COMPROMISE}, STEP, "a key ends by rotation or compromise")
        require(key not in ends, STEP, f"two ends of a key of {key.name}")
        ends[key] = KeyEnd(entry.whole("until_size"), reason == COMPROMISE)
    changed: dict[str, tuple[Key, ...]] = {role: known}
    return replace(keyring, **changed, ends=ends, starts=starts)  # type: ignore[arg-type]


def _keys_of(value: Json) -> tuple[Key, ...]:
    texts = value if isinstance(value, list) else [value]
    require(len(texts) <= KEYS_PER_ROLE_MAX, STEP, f"more than {KEYS_PER_ROLE_MAX} keys of a role")
    require(all(isinstance(text, str) for text in texts), STEP, "a key is not text")
    return tuple(parse_vkey(str(text)) for text in texts)


def _checked(keyring: Keyring) -> Keyring:
    """Roles agree with names: `<origin>`, `<origin>/receipts`, `<origin>/statements`."""
    for role, key in keyring.roles():
        algorithm = COSIGNATURE if role == "witnesses" else ED25519
        require(key.algorithm == algorithm, STEP, f"{key.name} has another role's algorithm")
    for key in keyring.receipts:
        require(key.name.endswith(RECEIPTS_SUFFIX), STEP, f"{key.name} is no receipt key")
    for key in keyring.statements:
        require(key.name.endswith(STATEMENTS_SUFFIX), STEP, f"{key.name} is no statement key")
    for key in keyring.buyers:
        require(key.name.endswith(BUYERS_SUFFIX), STEP, f"{key.name} is no buyer's key")
    return keyring


def keyring_of(vkeys: Iterable[str]) -> Keyring:
    """A keyring from single verification keys, each given the role that its name ends in."""
    keys = [parse_vkey(text) for text in vkeys]
    plain = [key for key in keys if key.algorithm == ED25519]
    receipts = tuple(key for key in plain if key.name.endswith(RECEIPTS_SUFFIX))
    statements = tuple(key for key in plain if key.name.endswith(STATEMENTS_SUFFIX))
    buyers = tuple(key for key in plain if key.name.endswith(BUYERS_SUFFIX))
    named = {*receipts, *statements, *buyers}
    others = tuple(key for key in plain if key not in named)
    witnesses = tuple(key for key in keys if key.algorithm == COSIGNATURE)
    return Keyring(others, receipts, statements, witnesses, buyers, source="the command line")
