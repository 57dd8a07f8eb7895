"""Fixtures of this room."""

import secrets

import pytest
from argon2 import PasswordHasher

from app.accounts.access_tokens import AccessKeys
from app.accounts.argon2_passwords import Argon2Passwords
from app.accounts.ports import CredentialKit
from app.core.cipher import Cipher
from app.core.signing import Ed25519Signer
from tests.unit.accounts.house import House


@pytest.fixture
def kit():
    """Real credentials with cheap password hashing."""
    return CredentialKit(
        passwords=Argon2Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
        access_keys=AccessKeys(
            "https://x.example", "counterfoil", Ed25519Signer.from_seed("s", b"\x01" * 32)
        ),
        cipher=Cipher(b"\x07" * 32),
        entropy=secrets.token_bytes,
    )


@pytest.fixture
def house(units, kit):
    """The exchange's accounts room over a fresh database."""
    return House(units, kit)
