"""The supplier's statement: exact sums of the payable account over a period, per licence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import LIMIT_MAX, decode_cursor, encode_cursor
from ledger.journal.books.chart import payable_of
from ledger.journal.books.models import JournalTransaction, PostedLine
from ledger.journal.supplier_statements.earnings import CATEGORIES, CATEGORY_OF, OTHER
from ledger.journal.trading.models import LicenceParties


@dataclass(frozen=True)
class StatementRow:
    """What one licence brought, in 10⁻⁸ units; ``subject`` is the licence, or the order before."""

    subject: str
    listing_code: str | None
    usage_amount: int
    package_amount: int
    period_amount: int
    credit_amount: int
    """What was given back of any: at most 0."""
    other_amount: int

    @property
    def amount(self) -> int:
        """All together."""
        return sum(getattr(self, f"{category}_amount") for category in CATEGORIES)


@dataclass(frozen=True)
class SupplierStatement:
    """The period's sum over all licences, and one page of the rows that make it up."""

    supplier_id: OrganisationId
    currency: str
    from_at: datetime
    until_at: datetime
    total_amount: int
    items: Sequence[StatementRow]
    next_cursor: str | None


def supplier_statement(
    session: Session,
    supplier_id: OrganisationId,
    *,
    currency: str,
    from_at: datetime,
    until_at: datetime,
    cursor: str | None,
    limit: int,
) -> SupplierStatement:
    """Sums of postings booked from ``from_at`` up to, not including, ``until_at``.

    What belongs to no licence or order is no earning: settlements take it out, and payouts that
    come back bring it again.
    """
    in_period = (
        (PostedLine.account_id == payable_of(supplier_id, currency))
        & (PostedLine.booked_at >= from_at)
        & (PostedLine.booked_at < until_at)
        & (JournalTransaction.licence_id.is_not(None) | JournalTransaction.order_id.is_not(None))
    )
    total = session.scalar(
        select(func.sum(PostedLine.amount))
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(in_period)
    )
    most = min(limit, LIMIT_MAX)
    rows = _rows(session, in_period, after=cursor and decode_cursor(cursor), most=most + 1)
    has_more = len(rows) > most
    return SupplierStatement(
        supplier_id=supplier_id,
        currency=currency,
        from_at=from_at,
        until_at=until_at,
        total_amount=int(total or 0),
        items=rows[:most],
        next_cursor=encode_cursor(rows[most - 1].subject) if has_more else None,
    )


def _rows(
    session: Session, in_period: ColumnElement[bool], *, after: str | None, most: int
) -> list[StatementRow]:
    # Package charges know the order only; the licence that followed from it names both.
    subject = func.coalesce(
        JournalTransaction.licence_id, LicenceParties.licence_id, JournalTransaction.order_id
    ).label("subject")
    statement = (
        select(
            subject,
            func.max(LicenceParties.listing_code).label("listing_code"),
            *(_sum_of(category).label(f"{category}_amount") for category in CATEGORIES),
        )
        .select_from(PostedLine)
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .outerjoin(
            LicenceParties,
            (LicenceParties.licence_id == JournalTransaction.licence_id)
            | (LicenceParties.order_id == JournalTransaction.order_id),
        )
        .where(in_period)
        .group_by(subject)
        .order_by(subject)
        .limit(most)
    )
    if after is not None:
        statement = statement.where(subject > after)
    return [_row(row) for row in session.execute(statement)]


def _sum_of(category: str) -> ColumnElement[int]:
    column = case(CATEGORY_OF, value=JournalTransaction.template, else_=OTHER)
    return func.coalesce(func.sum(PostedLine.amount).filter(column == category), 0)


def _row(row: Any) -> StatementRow:
    amounts = {
        f"{category}_amount": int(getattr(row, f"{category}_amount")) for category in CATEGORIES
    }
    return StatementRow(row.subject, row.listing_code, **amounts)
