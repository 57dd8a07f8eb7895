"""Reads of journal transactions and their postings."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, between, matching, paginate
from ledger.journal.books.models import JournalTransaction, PostedLine

_POSTING_ID_MAX = 2**63 - 1


@dataclass(frozen=True)
class PostingFilter:
    """Which postings; licence and order are those of their journal transaction."""

    account_id: str | None = None
    organisation_id: str | None = None
    currency: str | None = None
    licence_id: str | None = None
    order_id: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a row has to fulfil; ``until_at`` is excluded."""
        booked = matching(
            {
                JournalTransaction.licence_id: self.licence_id,
                JournalTransaction.order_id: self.order_id,
            }
        )
        within = [PostedLine.transaction.has(and_(*booked))] if booked else []
        return [
            *matching(
                {
                    PostedLine.account_id: self.account_id,
                    PostedLine.organisation_id: self.organisation_id,
                    PostedLine.currency: self.currency,
                }
            ),
            *within,
            *between(PostedLine.booked_at, self.from_at, self.until_at),
        ]


def list_postings(
    session: Session,
    own: OrganisationId | None,
    wanted: PostingFilter,
    *,
    cursor: str | None,
    limit: int,
) -> Page[PostedLine]:
    """Postings, newest first, of one's ``own`` organisation or of all in reach (None)."""
    statement = select(PostedLine).where(*wanted.conditions())
    if own is not None:
        statement = statement.where(PostedLine.organisation_id == own)
    return paginate(
        session,
        statement,
        key=PostedLine.posting_id,
        cursor=cursor,
        limit=limit,
        parse=_parse_posting_id,
    )


def _parse_posting_id(cursor: str) -> int:
    posting_id = int(cursor)
    if not 0 <= posting_id <= _POSTING_ID_MAX:
        raise ValueError
    return posting_id


def find_transaction(session: Session, template: str, reference: str) -> JournalTransaction | None:
    """The booked journal transaction of a template's reference."""
    return session.scalar(
        select(JournalTransaction).where(
            JournalTransaction.template == template, JournalTransaction.reference == reference
        )
    )


def list_lines(session: Session, transaction_id: int) -> list[PostedLine]:
    """The postings of one journal transaction in their order; at most 64."""
    statement = select(PostedLine).where(PostedLine.transaction_id == transaction_id)
    return list(session.scalars(statement.order_by(PostedLine.line)))
