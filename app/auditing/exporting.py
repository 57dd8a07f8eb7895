"""A regulator's export: every record of an organisation in a period, with proofs, by the portion.

A portion is a sealed archive of bounded size and says where the next one begins, so that neither
memory nor a transaction grows with what an organisation did.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auditing.answering import answer_question, get_question
from app.auditing.evidence import describe, seal_documents
from app.auditing.exported_tables import owned_tables, read_rows
from app.auditing.methods.exports import OF_LICENCES, OF_RECORDS
from app.auditing.rules import Scope
from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.json_text import is_storable
from app.core.paging import InvalidCursor, decode_cursor, encode_cursor
from app.core.unit_of_work import UnitOfWork
from ledger.log.bundle_services import Bundle
from ledger.log.keys import LogKeys
from ledger.log.ports import AnchorSource
from ledger.log.sequencing.succession import current_keys

QUESTION = 19
FORMAT = "counterfoil-export-portion/1"
ARRIVAL_MAX = 2**63 - 1


@dataclass(frozen=True)
class Sizes:
    """The most rows, and the most entries of the log, that one portion holds.

    An entry is two files of an archive, and an archive holds 65,535.
    """

    rows: int = 20_000
    entries: int = 10_000


SIZES = Sizes()


@dataclass(frozen=True)
class Start:
    """Where a portion begins: behind a row of a table, or, when all are told, behind an entry."""

    number: int = 1
    table: str = ""
    key: tuple[str, ...] = ()
    arrival: int | None = None

    @property
    def cursor(self) -> str:
        """The same as one text."""
        return encode_cursor(json.dumps([self.number, self.table, self.key, self.arrival]))


FIRST = Start()


@dataclass(frozen=True)
class Portion:
    """A sealed part of an export, what it holds, and where the next one begins."""

    bundle: Bundle
    start: Start
    records: dict[str, int]
    entry_count: int
    next_start: Start | None


def read_start(cursor: str) -> Start:
    """The start that a cursor says; raises `InvalidCursor`."""
    match _loaded(cursor):
        case [int(number), str(table), list(key), None] if _are_texts(key):
            return Start(number, table, tuple(key))
        case [int(number), "", [], int(arrival)] if 0 < arrival <= ARRIVAL_MAX:
            return Start(number, arrival=arrival)
    raise InvalidCursor


def _loaded(cursor: str) -> Any:
    try:
        return json.loads(decode_cursor(cursor))
    except ValueError:
        raise InvalidCursor from None


def _are_texts(parts: list[Any]) -> bool:
    return all(isinstance(part, str) and is_storable(part) for part in parts)


def export_whole(
    uow: UnitOfWork, scope: Scope, *, keys: LogKeys, anchors: AnchorSource, sizes: Sizes = SIZES
) -> Iterator[Portion]:
    """Every portion, one at a time; of one instant where the transaction sees one.

    Needs the exchange's reach. Raises `CheckpointNotPublished`.
    """
    start: Start | None = FIRST
    while start is not None:
        portion = export_portion(uow, scope, start, keys=keys, anchors=anchors, sizes=sizes)
        yield portion
        start = portion.next_start


def export_portion(
    uow: UnitOfWork,
    scope: Scope,
    start: Start,
    *,
    keys: LogKeys,
    anchors: AnchorSource,
    sizes: Sizes = SIZES,
) -> Portion:
    """``records/<table>.json``, then the log's leaves with proofs; the first answers question 19.

    ``scope`` has an organisation and both ends of a period. Needs the exchange's reach. Raises
    `InvalidCursor`, `CheckpointNotPublished`.
    """
    keys = current_keys(uow.session, keys)
    documents, records, then = _records(uow.session, scope, start, most=sizes.rows)
    entries: list[tuple[int, str]] = []
    if then is None:
        entries = _entries(uow.session, scope, after=start.arrival or 0, most=sizes.entries)
        is_full = len(entries) == sizes.entries
        then = Start(start.number + 1, arrival=entries[-1][0]) if is_full else None
    if start == FIRST:
        documents["answer.json"] = _answer(uow, scope, keys)
    facts = {
        "format": FORMAT,
        "origin": keys.origin,
        "filters": scope.given,
        "number": start.number,
        "records": records,
        "entry_count": len(entries),
        "next_portion": then.cursor if then else None,
    }
    documents["portion.json"] = canonical_bytes(facts)
    leaves = [leaf for _, leaf in entries]
    bundle = seal_documents(uow, documents, leaves, keys=keys, anchors=anchors)
    return Portion(bundle, start, records, len(entries), then)


def _answer(uow: UnitOfWork, scope: Scope, keys: LogKeys) -> bytes:
    question = get_question(keys, QUESTION)
    answer = answer_question(uow.session, question, scope, after=None, limit=1_000)
    return canonical_bytes(describe(answer, origin=keys.origin, at=iso_instant(uow.now)))


def _records(
    session: Session, scope: Scope, start: Start, *, most: int
) -> tuple[dict[str, bytes], dict[str, int], Start | None]:
    """The rows from a start on as files, their numbers by table, and where the next ones begin."""
    documents: dict[str, bytes] = {}
    counts: dict[str, int] = {}
    tables = {} if start.arrival is not None else owned_tables(session)
    if start.table and tables and start.table not in tables:
        raise InvalidCursor
    for name, table in tables.items():
        if name < start.table:
            continue
        after = start.key if name == start.table else ()
        rows = read_rows(session, table, scope, after=after, most=most - sum(counts.values()))
        counts[name] = len(rows)
        documents[f"records/{name}.json"] = _as_lines([row.text for row in rows])
        if sum(counts.values()) == most:
            return documents, counts, Start(start.number + 1, name, rows[-1].key)
    return documents, counts, None


def _as_lines(rows: list[str]) -> bytes:
    """A JSON array with a row on each line; numbers stand as the database wrote them."""
    return ("[" + ",\n".join(rows) + "]\n").encode()


def _entries(session: Session, scope: Scope, *, after: int, most: int) -> list[tuple[int, str]]:
    """Arrival and leaf hash of the next entries; each way to them stops early by itself."""
    ways = [
        f"(SELECT w.arrival FROM ({scope.narrow(way)}) w WHERE w.arrival > :after"  # noqa: S608 -- our own text
        " GROUP BY w.arrival ORDER BY w.arrival LIMIT :most)"
        for way in (OF_LICENCES, OF_RECORDS)
    ]
    query = (
        "SELECT e.arrival, encode(e.leaf_hash, 'hex') AS leaf FROM log_entries e"  # noqa: S608 -- our own text
        f" WHERE e.arrival IN ({' UNION '.join(ways)}) ORDER BY e.arrival LIMIT :most"
    )
    rows = session.execute(text(query), {**scope.parameters, "after": after, "most": most})
    return [(row.arrival, row.leaf) for row in rows]
