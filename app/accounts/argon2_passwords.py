"""Password hashing with argon2id (RFC 9106)."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

_USUAL = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    return hasher.hash("nobody has this password")


class Argon2Passwords:
    """argon2id with the low-memory profile of RFC 9106, 4: 64 MiB, three passes."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or _USUAL
        # Same parameters as every real hash, so an unknown address takes the same time.
        self._nobody = _hash_of_nobody(self._hasher)

    def hash(self, password: str) -> str:
        """A PHC string with a fresh salt."""
        return self._hasher.hash(password)

    def matches(self, password_hash: str, password: str) -> bool:
        """Whether the password made the hash; a damaged hash matches nothing."""
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    def matches_nobody(self, password: str) -> None:
        """Verify against a hash that is nobody's."""
        self.matches(self._nobody, password)

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether today's parameters differ from the hash's."""
        return self._hasher.check_needs_rehash(password_hash)
