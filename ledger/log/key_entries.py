"""Leaves about the log's keys: ``log_key`` announces one, ``log_key_retired`` ends one."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.unit_of_work import UnitOfWork
from ledger.log.keys import KeyRange, announce_key, retire_key
from ledger.log.models import LogEntry, LogEntrySubject, LogPosition
from ledger.log.services import append_entry
from ledger.log.tree.notes import parse_vkey


@dataclass(frozen=True)
class KeyEntry:
    """Where an entry about a key stands: shard and index, both None while it waits."""

    leaf_hash: bytes
    shard: int | None
    index: int | None

    def index_in(self, shard: int) -> int | None:
        """Its index, if it stands in that shard."""
        return self.index if self.shard == shard else None


def find_key_entry(session: Session, entry_type: str, vkey: str) -> KeyEntry | None:
    """The entry of that type about the key."""
    found = session.execute(
        select(LogEntry.leaf_hash, LogPosition.shard, LogPosition.index)
        .join(LogEntrySubject, LogEntrySubject.arrival == LogEntry.arrival)
        .join(LogPosition, LogPosition.arrival == LogEntry.arrival, isouter=True)
        .where(LogEntrySubject.subject == vkey, LogEntry.entry_type == entry_type)
        .order_by(LogEntry.arrival, LogPosition.shard.desc().nulls_last())
        .limit(1)
    ).one_or_none()
    return None if found is None else KeyEntry(*found)


def note_key(uow: UnitOfWork, origin: str, key: KeyRange) -> None:
    """Announce a key as a leaf and on chain; a second time changes nothing."""
    if find_key_entry(uow.session, "log_key", key.key) is not None:
        return
    body = {"origin": origin, "role": key.role, "key": key.key, "from_size": key.from_size}
    append_entry(uow, "log_key", body, subjects=[origin, key.key])
    public_key = parse_vkey(key.key).public_key
    announce_key(uow, origin, key.role, public_key, from_size=key.from_size)


def note_retirement(uow: UnitOfWork, origin: str, key: KeyRange) -> None:
    """End a key as a leaf and on chain; a second time changes nothing."""
    if find_key_entry(uow.session, "log_key_retired", key.key) is not None:
        return
    assert key.until_size is not None, "a retired key has an end"
    named = {"origin": origin, "role": key.role, "key": key.key, "reason": key.reason}
    body = {**named, "from_size": key.from_size, "until_size": key.until_size}
    append_entry(uow, "log_key_retired", body, subjects=[origin, key.key])
    retire_key(uow, origin, parse_vkey(key.key).public_key, until_size=key.until_size)
