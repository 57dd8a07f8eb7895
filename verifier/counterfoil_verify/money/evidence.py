"""What an invoice, a credit note and a statement share: reading, signature, leaves with places."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from counterfoil_verify import canonical
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import Record
from counterfoil_verify.keys import Key, Keyring, verify_named
from counterfoil_verify.leaves import Leaf, parse_leaf
from counterfoil_verify.log.succession import Heads, head_in, key_name
from counterfoil_verify.merkle import Head, check_inclusion
from counterfoil_verify.notes import NOTE_BYTES_MAX
from counterfoil_verify.proofs import PATH_MAX

FORMAT_STEP = "format"
SIGNATURE_STEP = "signature"
MINOR_UNIT = 1_000_000
"""Amounts count 10⁻⁸ of a currency unit, so one fen or cent is 10⁶ of them."""

Evidence = TypeVar("Evidence")


class Signed(Protocol):
    """Evidence of a document that was signed."""

    @property
    def key(self) -> str:
        """The name of the key that signed."""

    @property
    def signature(self) -> bytes:
        """The signature over domain and document."""


@dataclass(frozen=True)
class PlacedLeaf:
    """A leaf with its place in the tree."""

    leaf: Leaf
    index: int
    path: tuple[bytes, ...]
    origin: str
    """The earlier shard that it stands in; empty for the checkpoint's own."""

    def check(self, head: Head, earlier: Heads) -> None:
        """Reject unless the leaf is under the head, or under its earlier shard's."""
        check_inclusion(self.leaf.hash, self.index, self.path, head_in(head, earlier, self.origin))


Placed = TypeVar("Placed", bound=PlacedLeaf)


def parse_evidence(
    data: bytes,
    read: Callable[[Record], Evidence],
    *,
    name: str,
    bytes_max: int,
    is_strict: bool,
) -> Evidence:
    """Evidence from its canonical JSON, or not strictly from any spelling of it."""
    try:
        value = canonical.parse(data.removesuffix(b"\n"), bytes_max=bytes_max, is_strict=is_strict)
        return read(Record(FORMAT_STEP, value, name))
    except Rejected as error:
        raise error.within(FORMAT_STEP) from error


def read_checkpoint(record: Record) -> bytes:
    """The checkpoint that evidence carries, unopened."""
    checkpoint = record.text("checkpoint")
    require(len(checkpoint) <= NOTE_BYTES_MAX, FORMAT_STEP, "the checkpoint is too long")
    return checkpoint.encode()


def read_placed(kind: type[Placed], record: Record) -> Placed:
    """A leaf and the path to its head; where that is an earlier shard's, its origin."""
    record.only("entry", "index", "path", optional=("origin",))
    leaf = parse_leaf(record.base64("entry"))
    origin = record.text("origin") if "origin" in record.members else ""
    path = tuple(record.hashes("path", PATH_MAX))
    return kind(leaf, record.whole("index"), path, origin)


def check_statement_key(
    evidence: Signed, message: bytes, keyring: Keyring, *, origin: str, earlier: Heads
) -> Key:
    """Reject unless a trusted statement key of the log's operator signed the message.

    ``earlier`` are the heads of earlier shards that `check_links` found; the key may be theirs.
    """
    is_named = key_name(origin, earlier, evidence.key, "statements")
    require(is_named, SIGNATURE_STEP, "the key is not named after the origin")
    keys = keyring.unspoilt(keyring.statements)
    return verify_named(keys, evidence.key, message, evidence.signature, step=SIGNATURE_STEP)
