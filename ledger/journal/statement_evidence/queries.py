"""Reads of a licence's rows in settlements."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import LicenceId, OrganisationId
from app.core.paging import Page, paginate
from ledger.journal.ids import SettlementId
from ledger.journal.settlement.models import Settlement, StatementRow


def has_row(session: Session, settlement_id: SettlementId, subject: str) -> bool:
    """Whether a statement has a row of this licence."""
    return session.get(StatementRow, (settlement_id, subject)) is not None


@dataclass(frozen=True)
class SettlementRow:
    """A licence's row in a settlement; amounts in 10⁻⁸ units."""

    settlement_id: SettlementId
    licence_id: LicenceId
    supplier_id: OrganisationId
    currency: str
    from_at: datetime
    until_at: datetime
    charged_amount: int
    credited_amount: int
    root_hash: str


def list_licence_rows(
    session: Session,
    licence_id: LicenceId,
    supplier_id: OrganisationId | None,
    *,
    cursor: str | None,
    limit: int,
) -> Page[SettlementRow]:
    """Rows of a licence in one supplier's settlements, or in everybody's; newest first."""
    statement = select(StatementRow).where(StatementRow.subject == licence_id)
    if supplier_id is not None:
        statement = statement.where(StatementRow.supplier_id == supplier_id)
    page = paginate(session, statement, key=StatementRow.settlement_id, cursor=cursor, limit=limit)
    ids = [row.settlement_id for row in page.items]
    found = session.scalars(select(Settlement).where(Settlement.settlement_id.in_(ids)))
    settlements = {each.settlement_id: each for each in found}
    items = [_settlement_row(licence_id, settlements[row.settlement_id], row) for row in page.items]
    return Page(items, page.next_cursor)


def _settlement_row(
    licence_id: LicenceId, settlement: Settlement, row: StatementRow
) -> SettlementRow:
    assert settlement.root_hash is not None, "a statement with rows has a root"
    return SettlementRow(
        settlement_id=settlement.settlement_id,
        licence_id=licence_id,
        supplier_id=settlement.supplier_id,
        currency=settlement.currency,
        from_at=settlement.from_at,
        until_at=settlement.until_at,
        charged_amount=row.charged_amount,
        credited_amount=row.credited_amount,
        root_hash=settlement.root_hash,
    )
