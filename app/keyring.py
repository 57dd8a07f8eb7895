"""Signing keys in one encrypted file: made on first use, never in the database."""

import json
import os
import secrets
import tempfile
from datetime import UTC
from pathlib import Path

from app.core.cipher import Cipher
from app.core.clock import Clock
from app.core.signing import Ed25519Signer

NAMES = ("checkpoint", "receipts", "statements", "sessions", "chain")
"""One key per purpose; none serves two."""
_SEED_BYTES = 32
_CONTEXT = "keyring/v1"


class FileKeyring:
    """Seeds by name, read once; the file is written whole and renamed, so a crash leaves one."""

    def __init__(self, path: Path, cipher: Cipher, *, origin: str) -> None:
        self._seeds = _load_or_make(path, cipher)
        self.origin = origin

    @property
    def checkpoint(self) -> Ed25519Signer:
        """Signs the log's checkpoints; named like the log's origin (C2SP tlog-checkpoint)."""
        return Ed25519Signer.from_seed(self.origin, self._seeds["checkpoint"])

    @property
    def receipts(self) -> Ed25519Signer:
        """Signs usage receipts."""
        return Ed25519Signer.from_seed(f"{self.origin}/receipts", self._seeds["receipts"])

    @property
    def statements(self) -> Ed25519Signer:
        """Signs invoices, statements and bundles."""
        return Ed25519Signer.from_seed(f"{self.origin}/statements", self._seeds["statements"])

    @property
    def sessions(self) -> Ed25519Signer:
        """Signs access tokens."""
        return Ed25519Signer.from_seed("sessions", self._seeds["sessions"])

    @property
    def chain_account(self) -> bytes:
        """The secp256k1 private key of the chain account, 32 bytes."""
        return self._seeds["chain"]


def _load_or_make(path: Path, cipher: Cipher) -> dict[str, bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_once(path, cipher)
    stored = json.loads(cipher.decrypt(path.read_bytes(), context=_CONTEXT))
    return {name: bytes.fromhex(stored[name]) for name in NAMES}


def _write_once(path: Path, cipher: Cipher) -> None:
    seeds = {name: secrets.token_bytes(_SEED_BYTES).hex() for name in NAMES}
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(cipher.encrypt(json.dumps(seeds).encode(), context=_CONTEXT))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # fails if another process was first: its keys are the keys
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()


def log_origin(host: str, clock: Clock) -> str:
    """The log's unique name: host and the year of its shard."""
    return f"{host}/log/{clock.now().astimezone(UTC).year}"
