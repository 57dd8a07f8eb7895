"""The steps of a key rotation: announce, switch, retire; each may be repeated after a crash.

The file is changed first, then the log is told, and `tell_log` tells it whatever the file holds and
the log does not. So a key is in the log before it is switched to, and a key that the log calls
retired has no seed any more.
"""

import secrets
from collections.abc import Iterator

from sqlalchemy import select

from app.core.clock import iso_instant
from app.core.outbox import OutboxMessage
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from app.keys.keyring import ROLES, FileKeyring
from app.keys.role_keys import KeyStepRefused, RetiredKey, RoleKeys, StoredKey
from ledger.log.errors import EvidenceRefused
from ledger.log.key_entries import find_key_entry, note_key, note_retirement
from ledger.log.keys import KeyRange
from ledger.log.queries import find_checkpoint
from ledger.log.storage import shard_heads
from ledger.log.tree.notes import key_of, parse_note, parse_vkey, verify_note

SEED_BYTES = 32
REASONS = ("rotation", "compromise")


def key_ranges(keyring: FileKeyring) -> tuple[KeyRange, ...]:
    """Every key that the keyring holds or held, by role, the current one first."""
    return tuple(
        each
        for role in ROLES
        for each in (*_held(keyring, role), *_retired(keyring.role(role), role))
    )


def believed_receipt_keys(keyring: FileKeyring) -> list[bytes]:
    """Public keys whose usage receipts bind the exchange: all but those that were stolen."""
    return [
        parse_vkey(each.key).public_key
        for each in key_ranges(keyring)
        if each.role == "receipts" and each.reason != "compromise"
    ]


def _held(keyring: FileKeyring, role: str) -> Iterator[KeyRange]:
    keys = keyring.role(role)
    for key in (keys.current, *keys.overlapping):
        line = key_of(keyring.signer(role, key)).text
        at = key.from_at if key.origin == keyring.origin else ""
        yield KeyRange(role, line, key.size_in(keyring.origin), at)


def _retired(keys: RoleKeys, role: str) -> Iterator[KeyRange]:
    for key in keys.retired:
        start = key.from_size, key.from_at
        yield KeyRange(role, key.key, *start, key.until_size, key.until_at, key.reason)


def announce_next(units: UnitOfWorkFactory, keyring: FileKeyring, role: str) -> str:
    """Make the role's next key and tell log and chain of it; its vkey line.

    Raises `KeyStepRefused` while the last rotation is not finished.
    """
    with units.begin(Reach.EXCHANGE) as uow:
        size, at = _tree_size(uow, keyring.origin), iso_instant(uow.now)
    made = StoredKey(secrets.token_bytes(SEED_BYTES), keyring.origin, size, at)
    keys = keyring.change(role, lambda held: held.with_next(made))
    tell_log(units, keyring)
    assert keys.next is not None, "it was just made, or was there"
    return key_of(keyring.signer(role, keys.next)).text


def switch(
    units: UnitOfWorkFactory, keyring: FileKeyring, role: str, *, needs_chain: bool = True
) -> str:
    """Let the role's next key become the current one; its vkey line.

    Raises `KeyStepRefused` until a checkpoint covers its announcement and, if ``needs_chain``, the
    chain has it too.
    """

    def change(held: RoleKeys) -> RoleKeys:
        switched = held.switched()
        with units.begin(Reach.EXCHANGE) as uow:
            _refuse_unannounced(uow, keyring, role, switched.current, needs_chain=needs_chain)
        return switched

    keys = keyring.change(role, change)
    return key_of(keyring.signer(role, keys.current)).text


def _refuse_unannounced(
    uow: UnitOfWork, keyring: FileKeyring, role: str, key: StoredKey, *, needs_chain: bool
) -> None:
    signer = keyring.signer(role, key)
    entry = find_key_entry(uow.session, "log_key", key_of(signer).text)
    checkpoint = find_checkpoint(uow.session, keyring.origin)
    index = None if entry is None or checkpoint is None else entry.index_in(checkpoint.shard)
    if checkpoint is None or index is None or index >= checkpoint.tree_size:
        msg = "No checkpoint covers the announcement of the next key yet."
        raise KeyStepRefused(msg)
    told = uow.session.scalars(
        select(OutboxMessage.state).where(
            OutboxMessage.key == f"chain.announce_key:{keyring.origin}:{signer.public_key.hex()}"
        )
    ).one_or_none()
    if needs_chain and told != "done":
        msg = "The chain has not been told of the next key yet."
        raise KeyStepRefused(msg)


def retire(
    units: UnitOfWorkFactory,
    keyring: FileKeyring,
    role: str,
    *,
    reason: str,
    until_size: int | None = None,
) -> str:
    """End the role's outgoing key and forget its seed; its vkey line.

    It ends at the present tree size, or at an earlier ``until_size`` from which on it is not to be
    believed. Raises `KeyStepRefused` without an outgoing key, or for a size beyond the tree.
    """
    with units.begin(Reach.EXCHANGE) as uow:
        size, at = _tree_size(uow, keyring.origin), iso_instant(uow.now)
        if role == "checkpoint":
            _refuse_unused(uow, keyring)
    ends = size if until_size is None else until_size
    if not 0 <= ends <= size:
        msg = f"A key ends at a tree size from 0 to {size}."
        raise KeyStepRefused(msg)

    def change(held: RoleKeys) -> RoleKeys:
        key = held.outgoing
        if key is None:
            msg = "There is no outgoing key to retire."
            raise KeyStepRefused(msg)
        line = key_of(keyring.signer(role, key)).text
        origin, start = keyring.origin, key.size_in(keyring.origin)
        end = RetiredKey(line, origin, start, key.from_at, max(ends, start), at, reason)
        return held.with_retired(end)

    keys = keyring.change(role, change)
    tell_log(units, keyring)
    return keys.retired[-1].key


def _refuse_unused(uow: UnitOfWork, keyring: FileKeyring) -> None:
    """A checkpoint that only a retired key signed would be worth nothing."""
    newest = find_checkpoint(uow.session, keyring.origin)
    try:
        note = parse_note((newest.text if newest else "").encode())
        verify_note(note, [key_of(keyring.checkpoint)])
    except EvidenceRefused:
        msg = "The newest checkpoint is not signed by the current key: restart the worker first."
        raise KeyStepRefused(msg) from None


def tell_log(units: UnitOfWorkFactory, keyring: FileKeyring) -> None:
    """Bring the log to what the file holds: each next or later key, and each end of one."""
    with units.begin(Reach.EXCHANGE) as uow:
        for role in ROLES:
            for each in _held(keyring, role):
                if each.from_at:
                    note_key(uow, keyring.origin, each)
            for each in _retired(keyring.role(role), role):
                if parse_vkey(each.key).name == keyring.key_name(role):
                    note_retirement(uow, keyring.origin, each)
        uow.commit()


def _tree_size(uow: UnitOfWork, origin: str) -> int:
    head = shard_heads.find_head(uow.session, origin)
    return 0 if head is None else head.tree_size
