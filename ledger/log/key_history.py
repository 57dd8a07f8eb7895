"""The keys of earlier shards, read from their own leaves, for whoever checks old evidence."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import iso_instant
from ledger.log.keys import KeyRange, LogKeys
from ledger.log.models import LogEntry, LogEntrySubject, LogHead
from ledger.log.sequencing.succession import SHARDS_MAX

ENTRIES_MAX = 10_000
_TYPES = ("shard_opened", "log_key", "log_key_retired")


def published_keys(session: Session, keys: LogKeys) -> dict[str, Any]:
    """What ``keys.json`` holds, earlier shards' keys too; needs the exchange's reach."""
    document = keys.published
    told = {each["key"] for each in document["history"]}
    former = [each.document for each in _former(session, keys) if each.key not in told]
    return {**document, "history": [*document["history"], *former]}


def announced_keys(session: Session, origin: str) -> list[KeyRange]:
    """The keys that a shard's own leaves name, with the ends that they tell; none before its first.

    Needs the exchange's reach.
    """
    return _ranges(origin, _facts(session, origin))


def _former(session: Session, keys: LogKeys) -> Iterator[KeyRange]:
    heads = session.scalars(select(LogHead).order_by(LogHead.shard.desc()).limit(SHARDS_MAX)).all()
    ends = {head.predecessor: head for head in heads}
    for head in heads:
        if head.origin == keys.origin:
            continue
        following = ends.get(head.shard)
        for each in announced_keys(session, head.origin):
            yield each if following is None else _ended(each, following)


def _facts(session: Session, origin: str) -> list[dict[str, Any]]:
    about = select(LogEntrySubject.arrival).where(LogEntrySubject.subject == origin)
    bodies = session.scalars(
        select(LogEntry.body)
        .where(LogEntry.arrival.in_(about), LogEntry.entry_type.in_(_TYPES))
        .order_by(LogEntry.arrival)
        .limit(ENTRIES_MAX)
    )
    return [json.loads(body) for body in bodies]


def _ranges(origin: str, facts: Iterable[dict[str, Any]]) -> list[KeyRange]:
    found: dict[str, KeyRange] = {}
    for fact in facts:
        if fact["origin"] != origin:
            continue
        if fact["type"] == "shard_opened":
            found |= {line: KeyRange(role, line) for role, line in fact["keys"].items()}
            continue
        at, ends = fact["at"], fact.get("until_size")
        known = found.get(fact["key"]) or KeyRange(fact["role"], fact["key"], fact["from_size"], at)
        if ends is not None:
            known = replace(known, until_size=ends, until_at=at, reason=fact["reason"])
        found[fact["key"]] = known
    return list(found.values())


def _ended(key: KeyRange, following: LogHead) -> KeyRange:
    """A checkpoint key of a shard speaks for no larger tree than its successor carries on."""
    if key.role != "checkpoint" or key.until_size is not None:
        return key
    at = iso_instant(following.opened_at or following.integrated_at)
    return replace(key, until_size=following.predecessor_size, until_at=at, reason="rotation")
