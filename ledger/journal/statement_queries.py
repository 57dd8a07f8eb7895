"""The supplier's statement: exact sums of the payable account over a period, per licence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import LIMIT_MAX, decode_cursor, encode_cursor
from ledger.journal.chart import payable_of
from ledger.journal.models import JournalTransaction, LicenceParties, PostedLine


@dataclass(frozen=True)
class StatementRow:
    """What one licence brought, in 10⁻⁸ units; ``subject`` is the licence, or the order before."""

    subject: str
    listing_code: str | None
    usage_amount: int
    package_amount: int
    credit_amount: int
    """What was given back of either: at most 0."""

    @property
    def amount(self) -> int:
        """All together."""
        return self.usage_amount + self.package_amount + self.credit_amount


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
    is_credit = JournalTransaction.template == "credit"
    is_package = JournalTransaction.order_id.is_not(None) & ~is_credit
    statement = (
        select(
            subject,
            func.max(LicenceParties.listing_code).label("listing_code"),
            _sum_where(~is_package & ~is_credit).label("usage_amount"),
            _sum_where(is_package).label("package_amount"),
            _sum_where(is_credit).label("credit_amount"),
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


def _sum_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(PostedLine.amount).filter(condition), 0)


def _row(row: Row[str, str, int, int, int]) -> StatementRow:
    return StatementRow(
        row.subject,
        row.listing_code,
        int(row.usage_amount),
        int(row.package_amount),
        int(row.credit_amount),
    )
