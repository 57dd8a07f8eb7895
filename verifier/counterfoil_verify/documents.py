"""A file in hand against the entry of the log that names it: a listing's document, a deed."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path

from counterfoil_verify.errors import NotChecked, Rejected, require
from counterfoil_verify.fields import HASH_SIZE
from counterfoil_verify.leaves import Leaf

DOCUMENT, VALIDITY = "document", "validity"
NAMING: dict[str, str] = {
    "evidence": "document_hash",
    "platform_duty_stated": "document_hash",
    "transfer_proposed": "deed_hash",
    "transfer_accepted": "deed_hash",
    "registration_transferred": "deed_hash",
    "evidence_bundled": "bundle_hash",
}
"""Entry types that name a file by the SHA-256 of its bytes, and the member that does."""


def hash_file(path: Path) -> bytes:
    """SHA-256 of a file of any size; NotChecked when it cannot be read."""
    try:
        # A device never ends; a pipe does.
        if path.is_char_device() or path.is_block_device():
            raise NotChecked(DOCUMENT, f"{path} is a device")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except (OSError, ValueError) as error:
        raise NotChecked(DOCUMENT, f"{path}: {error}") from error


def named_hash(leaf: Leaf) -> bytes:
    """The SHA-256 of the file that the entry names; Rejected for one that names none."""
    member = NAMING.get(leaf.type)
    if member is None:
        raise Rejected(DOCUMENT, f"an entry of type {leaf.type[:40]!r} names no file")
    try:
        return leaf.record.hexadecimal(member, HASH_SIZE)
    except Rejected as error:
        raise error.within(DOCUMENT) from error


def check_document(leaf: Leaf, digest: bytes) -> str:
    """How the entry calls the file; Rejected when it names another one."""
    same = named_hash(leaf) == digest
    require(same, DOCUMENT, f"the entry names another file than that of SHA-256 {digest.hex()}")
    members = leaf.record.members
    about = [f"{name} {members[name]}" for name in ("kind", "version") if name in members]
    return ", ".join([leaf.type, *about, f"recorded at {leaf.record.text('at')}"])


def check_validity(leaf: Leaf, day: dt.date) -> str:
    """The days of validity that the entry states; Rejected when the day is not among them.

    The first and the last day count. A side that the entry leaves open bounds nothing.
    """
    starts, ends = (_day(leaf, name) for name in ("valid_from", "valid_to"))
    require(starts is None or starts <= day, VALIDITY, f"valid from {starts} on")
    require(ends is None or day <= ends, VALIDITY, f"valid until {ends}")
    return f"{starts or 'the beginning'} to {ends or 'no end'}"


def valid_on(leaves: Sequence[Leaf], day: dt.date) -> tuple[list[Leaf], str]:
    """Those of the entries whose days have this one, and the newest one's days; one at least."""
    found, days, refused = [], "", None
    for leaf in leaves:
        try:
            days = check_validity(leaf, day)
        except Rejected as error:
            refused = error
        else:
            found.append(leaf)
    if refused is not None and not found:
        raise refused
    return found, days


def _day(leaf: Leaf, name: str) -> dt.date | None:
    if name not in leaf.record.members:
        return None
    text = leaf.record.text(name)
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise Rejected(VALIDITY, f"{name} is not a day") from error
    require(day.isoformat() == text, VALIDITY, f"{name} is not a day")
    return day
