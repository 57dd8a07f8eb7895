"""Reading the books forwards, each posting once, while many write: only behind all of them.

Posting numbers are drawn before their transactions commit, so a reader that simply went on behind
the highest number it saw would miss one that commits later. A look here notes the highest number
and then draws a transaction number of its own: whoever drew a posting number by then has a lower
one. Once every lower transaction has ended, all postings up to the noted number are there to see.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.models import BooksCursor

TALLY = "tally"
POSTINGS_MAX = 50_000
"""Postings a look adds up: a second's worth of a hundred thousand, or a bounded catching up."""
KEPT = timedelta(days=8)

_HIGHEST = text(
    "SELECT coalesce(max(posting_id), 0) AS highest,"
    " pg_current_xact_id_if_assigned() IS NULL AS is_fresh FROM postings"
)
# A number from beyond this server's own counter came with a restored dump: nothing of the server
# that drew it is still under way.
_IS_PASSED = text(
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= :xid"
    " OR pg_snapshot_xmax(pg_current_snapshot())::text::bigint < :xid"
)
_OWN = text("SELECT pg_current_xact_id()::text::bigint")

_TALLY = text(
    """
    INSERT INTO account_tallies (account_id, amount, through_posting_id)
    SELECT account_id, sum(amount)::bigint, :through FROM postings
    WHERE posting_id > :after AND posting_id <= :through GROUP BY account_id
    ON CONFLICT (account_id) DO UPDATE SET amount = account_tallies.amount + excluded.amount,
        through_posting_id = excluded.through_posting_id
    """
)
# What came back within the same minutes is no spending less: a refund hides no spike.
_BUCKETS = text(
    """
    INSERT INTO spend_buckets (account_id, bucket_at, organisation_id, amount)
    SELECT p.account_id, date_bin('5 minutes', p.booked_at, '2000-01-01T00:00:00Z'),
        p.organisation_id, -sum(p.amount)::bigint
    FROM postings p JOIN journal_accounts a USING (account_id)
    WHERE p.posting_id > :after AND p.posting_id <= :through
        AND a.kind = 'wallet' AND p.amount < 0
    GROUP BY 1, 2, 3
    ON CONFLICT (account_id, bucket_at) DO UPDATE
        SET amount = spend_buckets.amount + excluded.amount
    """
)
_FORGET = text("DELETE FROM spend_buckets WHERE bucket_at < :before")


@dataclass(frozen=True)
class Look:
    """What the books showed before this transaction wrote anything."""

    highest: int
    is_fresh: bool


def cursor_for_update(session: Session, name: str) -> BooksCursor:
    """The named cursor, locked; made when it is not there yet."""
    fresh = {"name": name, "position": 0, "settled": 0, "seen": 0, "seen_xmax": 0, "place": ""}
    session.execute(insert(BooksCursor).values(fresh).on_conflict_do_nothing())
    return session.get_one(BooksCursor, name, with_for_update=True, populate_existing=True)


def settled_posting_id(session: Session) -> int:
    """Up to here every posting that will ever be there is there."""
    settled = session.scalar(select(BooksCursor.settled).where(BooksCursor.name == TALLY))
    return settled or 0


def tally(uow: UnitOfWork) -> int:
    """Add the next settled postings to the tallies and the spending; how many numbers were passed.

    Must be the first thing that its transaction writes; later it changes nothing new.
    """
    session = uow.session
    row = session.execute(_HIGHEST).one()
    look = Look(int(row.highest), bool(row.is_fresh))
    cursor = cursor_for_update(session, TALLY)
    if session.scalars(_IS_PASSED, {"xid": cursor.seen_xmax}).one():
        cursor.settled = cursor.seen
        if look.is_fresh:
            cursor.seen = max(look.highest, cursor.seen)
            # Drawn above by locking the cursor, behind the look at the highest number.
            cursor.seen_xmax = session.scalars(_OWN).one()
    through = min(cursor.settled, cursor.position + POSTINGS_MAX)
    passed = through - cursor.position
    if passed > 0:
        arguments = {"after": cursor.position, "through": through}
        session.execute(_TALLY, arguments)
        session.execute(_BUCKETS, arguments)
        session.execute(_FORGET, {"before": uow.now - KEPT})
        cursor.position = through
    return passed
