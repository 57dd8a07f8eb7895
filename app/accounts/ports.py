"""What this room needs from outside: password hashing, signing, encryption and entropy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.accounts.access_tokens import AccessKeys
from app.core.cipher import Cipher


class Passwords(Protocol):
    """Hashes passwords slowly and checks them in constant time."""

    def hash(self, password: str) -> str:
        """A self-describing hash with a fresh salt."""
        ...

    def matches(self, password_hash: str, password: str) -> bool:
        """Whether this is the password; takes as long when it is not."""
        ...

    def matches_nobody(self, password: str) -> None:
        """Spend the time of `matches` where there is no hash to compare with."""
        ...

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        ...


@dataclass(frozen=True)
class CredentialKit:
    """Everything with which this room makes and checks credentials; built once, in the factory."""

    passwords: Passwords
    access_keys: AccessKeys
    cipher: Cipher
    entropy: Callable[[int], bytes]
