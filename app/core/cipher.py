"""Secrets at rest: AES-256-GCM under a key that the database never sees."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_KEY_BYTES = 32


class CannotDecrypt(Exception):
    """The ciphertext was altered, or belongs to another key or context."""


class Cipher:
    """Encrypts small secrets bound to a context, so that a row cannot be moved to another."""

    def __init__(
        self, key: bytes, *, entropy: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        if len(key) != _KEY_BYTES:
            msg = "the key has 32 bytes"
            raise ValueError(msg)
        self._aead = AESGCM(key)
        self._fingerprint_key = hmac.digest(key, b"counterfoil/fingerprint/v1", "sha256")
        self._entropy = entropy

    @classmethod
    def from_passphrase(cls, passphrase: str) -> "Cipher":
        """A cipher whose key is derived by scrypt from a secret of the settings (RFC 7914)."""
        return cls(_derive(passphrase))

    def encrypt(self, plaintext: bytes, *, context: str) -> bytes:
        """Nonce and ciphertext; ``context`` must be given again to decrypt."""
        nonce = self._entropy(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plaintext, context.encode())

    def decrypt(self, ciphertext: bytes, *, context: str) -> bytes:
        """The plaintext; raises `CannotDecrypt`."""
        nonce, body = ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:]
        try:
            return self._aead.decrypt(nonce, body, context.encode())
        except (InvalidTag, ValueError):
            raise CannotDecrypt from None

    def fingerprint(self, data: bytes) -> str:
        """HMAC-SHA-256 in hexadecimal: tells equal data apart without helping to guess them."""
        return hmac.new(self._fingerprint_key, data, hashlib.sha256).hexdigest()


@lru_cache(maxsize=4)
def _derive(passphrase: str) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=b"counterfoil/cipher/v1", n=2**14, r=8, p=1, dklen=_KEY_BYTES
    )
