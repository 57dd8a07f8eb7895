"""What the register needs from outside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.core.cipher import Cipher
from app.core.signing import Signer


@dataclass(frozen=True)
class ConsentKit:
    """The key that signs tokens, who it speaks for, and what pseudonym keys are made with."""

    issuer: str
    signer: Signer
    cipher: Cipher
    entropy: Callable[[int], bytes]


class HashTree(Protocol):
    """A tree over hashes (RFC 6962)."""

    def root_of(self, entries: Sequence[bytes]) -> bytes:
        """The root over the entries in their order."""
        ...

    def path_to(self, index: int, entries: Sequence[bytes]) -> Sequence[bytes]:
        """The audit path of one entry (RFC 6962 section 2.1.1)."""
        ...
