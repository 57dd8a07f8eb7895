"""Signing keys in one encrypted file: made on first use, never in the database.

The log's roles hold a current key, and in a rotation a next or an outgoing one; of a retired key
only the public half stays. Processes read the file when they start, so a step of a rotation holds
for a process from its restart on.
"""

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.cipher import Cipher
from app.core.signing import Ed25519Signer
from app.keys.role_keys import RoleKeys, StoredKey

ROLES = ("checkpoint", "receipts", "statements")
"""Roles whose keys the log names, and which can be rotated."""
NAMES = (*ROLES, "sessions", "chain", "consents")
"""One key per purpose; none serves two."""
_SEED_BYTES = 32
_CONTEXT = "keyring/v1"


@dataclass(frozen=True)
class _Content:
    roles: Mapping[str, RoleKeys]
    seeds: Mapping[str, bytes]


class FileKeyring:
    """Keys by name, read once; the file is written whole and renamed, so a crash leaves one."""

    def __init__(self, path: Path, cipher: Cipher, *, origin: str) -> None:
        self._path = path
        self._cipher = cipher
        self.origin = origin
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, cipher)
        _complete(path, cipher)
        self._content = _read(path, cipher)

    @property
    def checkpoint(self) -> Ed25519Signer:
        """Signs the log's checkpoints; named like the log's origin (C2SP tlog-checkpoint)."""
        return self.signer("checkpoint", self.role("checkpoint").current)

    @property
    def cosigning(self) -> list[Ed25519Signer]:
        """Checkpoint keys that sign beside the current one during an overlap."""
        return [self.signer("checkpoint", key) for key in self.role("checkpoint").overlapping]

    @property
    def receipts(self) -> Ed25519Signer:
        """Signs usage receipts."""
        return self.signer("receipts", self.role("receipts").current)

    @property
    def statements(self) -> Ed25519Signer:
        """Signs invoices, statements and bundles."""
        return self.signer("statements", self.role("statements").current)

    @property
    def sessions(self) -> Ed25519Signer:
        """Signs access tokens."""
        return Ed25519Signer.from_seed("sessions", self._content.seeds["sessions"])

    @property
    def consents(self) -> Ed25519Signer:
        """Signs consent tokens of data subjects."""
        return Ed25519Signer.from_seed("consents", self._content.seeds["consents"])

    @property
    def chain_account(self) -> bytes:
        """The secp256k1 private key of the chain account, 32 bytes."""
        return self._content.seeds["chain"]

    def role(self, name: str) -> RoleKeys:
        """The keys of a role, as this process last read them."""
        return self._content.roles[name]

    def key_name(self, role: str) -> str:
        """The public name of a role's keys; keys of one role share it."""
        return self.origin if role == "checkpoint" else f"{self.origin}/{role}"

    def signer(self, role: str, key: StoredKey) -> Ed25519Signer:
        """The signer of a stored key."""
        return Ed25519Signer.from_seed(self.key_name(role), key.seed)

    def change(self, role: str, change: Callable[[RoleKeys], RoleKeys]) -> RoleKeys:
        """Change a role's keys in the file, one process at a time; they are durable on return.

        Whatever ``change`` raises leaves the file as it was.
        """
        with _alone(self._path):
            content = _read(self._path, self._cipher)
            changed = change(content.roles[role])
            content = _Content({**content.roles, role: changed}, content.seeds)
            temporary = _write_aside(self._path, self._cipher, _as_json(content))
            temporary.replace(self._path)
            _sync_folder(self._path.parent)
            self._content = content
        return changed


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _read(path: Path, cipher: Cipher) -> _Content:
    stored = _stored(path, cipher)
    roles = {role: RoleKeys.parse(stored[role]) for role in ROLES}
    seeds = {name: bytes.fromhex(stored[name]) for name in NAMES if name not in ROLES}
    return _Content(roles, seeds)


def _as_json(content: _Content) -> dict[str, Any]:
    roles = {role: keys.as_json() for role, keys in content.roles.items()}
    return {**roles, **{name: seed.hex() for name, seed in content.seeds.items()}}


def _write_once(path: Path, cipher: Cipher) -> None:
    temporary = _write_aside(
        path, cipher, {name: secrets.token_bytes(_SEED_BYTES).hex() for name in NAMES}
    )
    try:
        os.link(temporary, path)  # fails if another process was first: its keys are the keys
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    # The log names these keys in its first leaf: they must not be lost with the machine's power.
    _sync_folder(path.parent)


def _complete(path: Path, cipher: Cipher) -> None:
    """Make the keys that a file of an earlier release does not hold yet."""
    if not _missing(_stored(path, cipher)):
        return
    with _alone(path):
        stored = _stored(path, cipher)
        made = {name: secrets.token_bytes(_SEED_BYTES).hex() for name in _missing(stored)}
        _write_aside(path, cipher, {**stored, **made}).replace(path)
        _sync_folder(path.parent)


def _missing(stored: Mapping[str, Any]) -> list[str]:
    # Of the log's roles none may be missing: a new key would be one that the log never named.
    return [name for name in NAMES if name not in ROLES and name not in stored]


def _stored(path: Path, cipher: Cipher) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(cipher.decrypt(path.read_bytes(), context=_CONTEXT))
    return stored


def _write_aside(path: Path, cipher: Cipher, content: Mapping[str, Any]) -> Path:
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(cipher.encrypt(json.dumps(content).encode(), context=_CONTEXT))
        file.flush()
        os.fsync(file.fileno())
    return Path(temporary)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
