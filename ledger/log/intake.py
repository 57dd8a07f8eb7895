"""Where facts enter: one statement writes the entries and their places in the waiting line."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from app.core.binary_arrays import bigint_array, bytea_array, text_array
from app.core.round_trips import Statements
from ledger.log.errors import refuse_leaf
from ledger.log.tree.leaves import LEAF_BYTES_MAX
from ledger.log.tree.merkle import leaf_hash

LANE_OPENED = "lane_opened"

# Arrival numbers are drawn in the order given, so a lane's entries arrive in its own order. A leaf
# hash or a lane's number that is already there is a fault of the caller and fails the statement.
_APPEND = """
WITH fresh AS MATERIALIZED (
    SELECT nextval('log_arrivals') AS arrival, given.*
    FROM unnest(
        %(hashes)s::bytea[], %(leaves)s::bytea[], %(types)s::text[], %(licences)s::text[],
        %(lanes)s::bigint[], %(numbers)s::bigint[]
    ) WITH ORDINALITY AS given(leaf_hash, body, entry_type, licence_id, lane, n, place)
    ORDER BY given.place
), entered AS (
    INSERT INTO log_entries
        (arrival, leaf_hash, body, entry_type, licence_id, lane, n, recorded_at)
    SELECT arrival, leaf_hash, body, entry_type, licence_id, lane, n,
        COALESCE(%(at)s::timestamptz, now())
    FROM fresh
){about}
INSERT INTO log_waiting (arrival, licence_id, lane, n)
SELECT arrival, CASE WHEN lane IS NOT NULL THEN licence_id END, lane, n FROM fresh
"""
_ABOUT = """, about AS (
    INSERT INTO log_entry_subjects (subject, arrival)
    SELECT DISTINCT subject, arrival FROM fresh, unnest(%(subjects)s::text[]) AS subject
)"""
_APPEND_ABOUT, _APPEND_CALLS = _APPEND.format(about=_ABOUT), _APPEND.format(about="")


class LeafRow(NamedTuple):
    """A leaf on its way in; ``lane`` and ``n`` only for leaves of a meter lane, opened by n = 0."""

    leaf_hash: bytes
    leaf: bytes
    entry_type: str
    licence_id: str | None = None
    lane: int | None = None
    n: int | None = None


def append_leaves(
    statements: Statements,
    rows: Iterable[tuple[bytes, bytes, str, str | None, int | None, int | None]],
    *,
    subjects: Iterable[str] = (),
    recorded_at: datetime | None = None,
) -> None:
    """Append leaves, in order, to the waiting line, in the caller's transaction.

    A row is ``(leaf_hash, leaf, entry_type, licence_id, lane, n)``. The database refuses a leaf
    that is already there and a second leaf for one number of a lane. Raises `LeafRefused`.
    """
    taken = [_admit(LeafRow(*row)) for row in rows]
    if not taken:
        return
    hashes, leaves, types, licences, lanes, numbers = zip(*taken, strict=True)
    facts = {
        "hashes": bytea_array(hashes),
        "leaves": bytea_array(leaves),
        "types": text_array(types),
        "licences": text_array(licences),
        "lanes": bigint_array(lanes),
        "numbers": bigint_array(numbers),
        "at": recorded_at,
    }
    about = list(subjects)
    if about:
        statements.execute(_APPEND_ABOUT, facts | {"subjects": text_array(about)})
    else:
        statements.execute(_APPEND_CALLS, facts)


def _admit(row: LeafRow) -> LeafRow:
    if len(row.leaf) > LEAF_BYTES_MAX or leaf_hash(row.leaf) != row.leaf_hash:
        refuse_leaf("the hash is not the leaf's, or the leaf is too long")
    if row.entry_type == LANE_OPENED and row.n is None:
        return row._replace(n=0)
    return row
