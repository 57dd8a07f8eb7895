"""What the business writes into the log: entries in its own transaction, and the parties."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from psycopg import Cursor
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from ledger.log.errors import SigningStopped
from ledger.log.intake import LeafRow, append_leaves
from ledger.log.models import LogParties
from ledger.log.storage import shard_heads
from ledger.log.tree.leaves import make_leaf
from ledger.log.tree.merkle import leaf_hash

SUBJECTS_MAX = 16


def append_entry(
    uow: UnitOfWork,
    entry_type: str,
    body: Mapping[str, Any],
    *,
    licence_id: str | None = None,
    subjects: Sequence[str] = (),
) -> str:
    """Record a fact in the caller's transaction; the leaf hash in hexadecimal.

    The body gains ``v``, ``type``, ``at`` and ``blind``. ``subjects`` (at most 16 ids) make the
    entry findable; they do not enter the leaf. Raises `LeafRefused`.
    """
    assert len(subjects) <= SUBJECTS_MAX
    # The id source is the one place of entropy; 128 of its bits blind the leaf.
    blind = hashlib.sha256(uow.ids.opaque("blind").encode()).hexdigest()[:32]
    leaf = make_leaf(entry_type, body, at=iso_instant(uow.now), blind=blind)
    row = LeafRow(leaf_hash(leaf), leaf, entry_type, licence_id)
    append_leaves(driver_cursor(uow), [row], subjects=subjects, recorded_at=uow.now)
    return row.leaf_hash.hex()


def note_licence_parties(
    uow: UnitOfWork, *, licence_id: str, buyer_id: str, supplier_id: str
) -> None:
    """Remember who may read a licence's entries; a second time changes nothing."""
    uow.session.execute(
        insert(LogParties)
        .values(licence_id=licence_id, buyer_id=buyer_id, supplier_id=supplier_id)
        .on_conflict_do_nothing(index_elements=["licence_id"])
    )


def demand_signing(uow: UnitOfWork) -> None:
    """Nothing new rests on a log whose signing has stopped (DSL 33, 47; rule Z2).

    Raises `SigningStopped`.
    """
    reason = shard_heads.signing_stopped(uow.session)
    if reason is not None:
        raise SigningStopped(reason)


def driver_cursor(uow: UnitOfWork) -> Cursor[Any]:
    """A psycopg cursor inside the unit's transaction, for set-based statements."""
    connection = uow.session.connection().connection
    return cast("Cursor[Any]", connection.cursor())
