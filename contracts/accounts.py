"""The chain accounts of the exchange's three roles, kept apart although they may share a seed."""

import hmac
from dataclasses import dataclass

from eth_account import Account

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True)
class AccountKeys:
    """secp256k1 private keys, 32 bytes each; in production each comes from its own custody."""

    administrator: bytes
    anchorer: bytes
    registrar: bytes

    @classmethod
    def derive(cls, seed: bytes) -> "AccountKeys":
        """Three keys from one secret seed of 32 bytes (HMAC-SHA-256 by role name)."""
        assert len(seed) >= 32, "a chain seed has at least 32 bytes"  # noqa: PLR2004 -- 256 bits
        return cls(
            administrator=_derive(seed, b"administrator"),
            anchorer=_derive(seed, b"anchorer"),
            registrar=_derive(seed, b"registrar"),
        )

    @property
    def addresses(self) -> tuple[str, str, str]:
        """The accounts' checksummed addresses: administrator, anchorer, registrar."""
        return (
            address_of(self.administrator),
            address_of(self.anchorer),
            address_of(self.registrar),
        )


def address_of(key: bytes) -> str:
    """The checksummed address (EIP-55) of a private key."""
    return str(Account.from_key(key).address)


def _derive(seed: bytes, role: bytes) -> bytes:
    digest = hmac.digest(seed, b"counterfoil/chain/v1\x00" + role, "sha256")
    # Reduced into 1 … order − 1; the bias of the reduction is below 2⁻¹²⁷.
    return (int.from_bytes(digest, "big") % (_ORDER - 1) + 1).to_bytes(32, "big")
