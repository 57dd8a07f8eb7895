"""Fixtures of this room."""

import random

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
        entropy=random.Random(7).randbytes,  # noqa: S311 -- the same secrets in every run
    )


@pytest.fixture
def house(units, kit):
    """The exchange's accounts room over a fresh database."""
    return House(units, kit)
