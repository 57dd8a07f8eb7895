"""The table of monthly runs."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import PersonId
from ledger.journal.failures import Failing


class BillingRun(Failing, Base):
    """A month's invoicing, how far it got, and when it goes on with what failed."""

    __tablename__ = "billing_runs"

    month: Mapped[str] = mapped_column(primary_key=True)
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    asked_by: Mapped[PersonId | None] = mapped_column(Text)
    started_at: Mapped[datetime]
    done_through: Mapped[str]
    invoice_count: Mapped[int]
    bills_through: Mapped[str]
    finished_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
