"""Reasons of people: kept in words, told to the log as a salted hash."""

from dataclasses import dataclass

from app.core.canonical import digest_hex
from app.core.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class SealedReason:
    """A reason with the salt that keeps its hash from being guessed."""

    text: str
    salt: str
    hash: str


def seal_reason(uow: UnitOfWork, reason: str) -> SealedReason:
    """The reason with a fresh salt; its hash may be public, for short words cannot be guessed."""
    salt = uow.ids.opaque("slt")
    return SealedReason(reason, salt, digest_hex({"reason": reason, "salt": salt}))
