"""Ed25519 signatures (RFC 8032) behind a port, so that a KMS can hold the keys."""

from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.bindings import crypto_sign_seed_keypair

from app.core.libsodium import sign_detached


class Signer(Protocol):
    """Holds one named private key and signs with it."""

    @property
    def name(self) -> str:
        """The key's public name, for instance a log's origin."""
        ...

    @property
    def public_key(self) -> bytes:
        """The 32 raw bytes of the Ed25519 public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature; deterministic."""
        ...


@dataclass(frozen=True)
class RenamedSigner:
    """Another signer's key under a name of its own: a log's keys carry the name of each shard."""

    signer: Signer
    name: str

    @property
    def public_key(self) -> bytes:
        """The other signer's."""
        return self.signer.public_key

    def sign(self, message: bytes) -> bytes:
        """The other signer's signature: a name is not part of it."""
        return self.signer.sign(message)


class Ed25519Signer:
    """A signer whose private key is in this process's memory.

    It signs by libsodium: a signature is made on every metered call, and takes two thirds of the
    time there; the bytes are the same (RFC 8032 leaves no choice).
    """

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        self.name = name
        self.public_key, self._secret = crypto_sign_seed_keypair(key.private_bytes_raw())

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "Ed25519Signer":
        """The signer of a 32-byte seed."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def generate(cls, name: str) -> "Ed25519Signer":
        """A signer with a fresh key from the operating system's entropy."""
        return cls(name, Ed25519PrivateKey.generate())

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature."""
        return sign_detached(message, self._secret)
