"""Reads of the log: entries as their parties may see them, and how far the log has come."""

import json
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from ledger.log.errors import LicenceNotInLog, LogEntryNotFound
from ledger.log.models import (
    LogEntry,
    LogEntrySubject,
    LogParties,
    LogPosition,
    SignedCheckpoint,
)
from ledger.log.sequencing.publication import newest_checkpoint
from ledger.log.storage import shard_heads, waiting_line

_ARRIVAL_MAX = 2**63 - 1
_HASH_HEX = 64


@dataclass(frozen=True)
class EntryView:
    """An entry as it is shown: its fact, and where it stands if it has been sequenced."""

    leaf_hash: str
    type: str
    licence_id: str | None
    recorded_at: datetime
    index: int | None
    is_published: bool
    leaf: dict[str, Any]


@dataclass(frozen=True)
class EntryFilter:
    """What a list of entries is narrowed to; ``organisation_id`` is None for auditors only."""

    organisation_id: str | None
    type: str | None = None
    licence_id: str | None = None
    subject: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None


@dataclass(frozen=True)
class LogStatus:
    """How far the log has come, and how far behind it is."""

    origin: str
    tree_size: int
    published_size: int
    unsequenced_count: int
    held_count: int
    last_checkpoint_at: datetime | None
    stopped_reason: str | None


def _of_organisation(organisation_id: str) -> ColumnElement[bool]:
    own = select(LogParties.licence_id).where(
        or_(LogParties.buyer_id == organisation_id, LogParties.supplier_id == organisation_id)
    )
    return LogEntry.licence_id.in_(own)


def _filtered(wanted: EntryFilter) -> Select[LogEntry]:
    statement = select(LogEntry)
    if wanted.organisation_id is not None:
        statement = statement.where(_of_organisation(wanted.organisation_id))
    if wanted.subject is not None:
        about = select(LogEntrySubject.arrival).where(LogEntrySubject.subject == wanted.subject)
        statement = statement.where(LogEntry.arrival.in_(about))
    rules: list[tuple[Any, Callable[[Any, Any], ColumnElement[bool]], Any]] = [
        (LogEntry.entry_type, operator.eq, wanted.type),
        (LogEntry.licence_id, operator.eq, wanted.licence_id),
        (LogEntry.recorded_at, operator.ge, wanted.from_at),
        (LogEntry.recorded_at, operator.lt, wanted.until_at),
    ]
    given = (compare(column, value) for column, compare, value in rules if value is not None)
    return statement.where(*given)


def _parse_arrival(cursor: str) -> int:
    arrival = int(cursor)
    if not 0 <= arrival <= _ARRIVAL_MAX:
        raise ValueError
    return arrival


def list_entries(
    session: Session, wanted: EntryFilter, *, cursor: str | None, limit: int
) -> Page[EntryView]:
    """Entries, newest first. Raises `InvalidCursor`."""
    page = paginate(
        session,
        _filtered(wanted),
        key=LogEntry.arrival,
        cursor=cursor,
        limit=limit,
        parse=_parse_arrival,
    )
    return Page(_views(session, page.items), page.next_cursor)


def get_entry(session: Session, leaf_hash: str, *, organisation_id: str | None) -> EntryView:
    """One entry by its leaf hash in hexadecimal. Raises `LogEntryNotFound`."""
    statement = _filtered(EntryFilter(organisation_id))
    entry = session.scalars(
        statement.where(LogEntry.leaf_hash == parse_leaf_hash(leaf_hash))
    ).one_or_none()
    if entry is None:
        raise LogEntryNotFound(leaf_hash)
    return _views(session, [entry])[0]


def parse_leaf_hash(text: str) -> bytes:
    """The 32 bytes of a leaf hash in lower-case hexadecimal. Raises `LogEntryNotFound`."""
    if len(text) != _HASH_HEX or not set(text) <= set("0123456789abcdef"):
        raise LogEntryNotFound(text[:_HASH_HEX])
    return bytes.fromhex(text)


def _views(session: Session, entries: Sequence[LogEntry]) -> list[EntryView]:
    arrivals = [entry.arrival for entry in entries]
    placed = {
        position.arrival: position
        for position in session.scalars(
            select(LogPosition).where(LogPosition.arrival.in_(arrivals)).order_by(LogPosition.shard)
        )
    }
    published = {
        shard: published_size(session, shard)
        for shard in {position.shard for position in placed.values()}
    }
    return [_view(entry, placed.get(entry.arrival), published) for entry in entries]


def _view(entry: LogEntry, position: LogPosition | None, published: dict[int, int]) -> EntryView:
    return EntryView(
        leaf_hash=entry.leaf_hash.hex(),
        type=entry.entry_type,
        licence_id=entry.licence_id,
        recorded_at=entry.recorded_at,
        index=None if position is None else position.index,
        is_published=position is not None and position.index < published[position.shard],
        leaf=json.loads(entry.body),
    )


def published_size(session: Session, shard: int) -> int:
    """The tree size of the newest checkpoint, 0 before the first."""
    checkpoint = newest_checkpoint(session, shard)
    return 0 if checkpoint is None else checkpoint.tree_size


def find_checkpoint(session: Session, origin: str) -> SignedCheckpoint | None:
    """The newest checkpoint of the log of that origin."""
    head = shard_heads.find_head(session, origin)
    return None if head is None else newest_checkpoint(session, head.shard)


def get_parties(session: Session, licence_id: str, *, organisation_id: str | None) -> LogParties:
    """Who may read a licence's entries, if the organisation is one of them.

    ``organisation_id`` is None for auditors only. Raises `LicenceNotInLog`.
    """
    parties = session.get(LogParties, licence_id)
    if parties is None or organisation_id not in {
        None,
        parties.buyer_id,
        parties.supplier_id,
    }:
        raise LicenceNotInLog(licence_id)
    return parties


def get_status(session: Session, origin: str) -> LogStatus:
    """The state of the log. Needs the exchange's reach: waiting entries are nobody else's."""
    head = shard_heads.find_head(session, origin) or shard_heads.unopened(origin)
    checkpoint = newest_checkpoint(session, head.shard)
    waiting, held = waiting_line.count_waiting(session)
    return LogStatus(
        origin=origin,
        tree_size=head.tree_size,
        published_size=checkpoint.tree_size if checkpoint else 0,
        unsequenced_count=waiting,
        held_count=held,
        last_checkpoint_at=checkpoint.signed_at if checkpoint else None,
        stopped_reason=head.stopped_reason,
    )
