"""Tables of settlement runs, settlements and the rows of their statements."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId
from ledger.journal.failures import Failing
from ledger.journal.ids import RunId, SettlementId

PLANNED, FINISHED = "planned", "finished"


class SettlementRun(Failing, Base):
    """One settlement day: every supplier of a currency up to a horizon of the books."""

    __tablename__ = "settlement_runs"

    run_id: Mapped[RunId] = mapped_column(Text, primary_key=True)
    currency: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    horizon_posting_id: Mapped[int]
    barrier_xid: Mapped[int]
    minimum_amount: Mapped[int]
    state: Mapped[str]
    planned_by: Mapped[str]
    planned_at: Mapped[datetime]
    last_account_id: Mapped[str | None]
    settlement_count: Mapped[int]
    run_hash: Mapped[str | None]
    finished_at: Mapped[datetime | None]


class Settlement(Base):
    """What the exchange owes a supplier for a range of postings; immutable."""

    __tablename__ = "settlements"

    settlement_id: Mapped[SettlementId] = mapped_column(Text, primary_key=True)
    run_id: Mapped[RunId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    n: Mapped[int]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    from_posting_id: Mapped[int]
    until_posting_id: Mapped[int]
    opening_amount: Mapped[int]
    period_amount: Mapped[int]
    settled_amount: Mapped[int]
    carried_amount: Mapped[int]
    statement: Mapped[dict[str, Any]]
    statement_hash: Mapped[str]
    settled_at: Mapped[datetime]
    root_hash: Mapped[str | None]


class StatementRow(Base):
    """A row of a statement's sum tree with its salt; immutable, kept with the settlement."""

    __tablename__ = "statement_rows"

    settlement_id: Mapped[SettlementId] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    salt: Mapped[bytes]
    units: Mapped[int]
    charged_amount: Mapped[int]
    credited_amount: Mapped[int]
