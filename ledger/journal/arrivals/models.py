"""The table of money that came to the bank without a reference."""

from datetime import date, datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import PersonId
from ledger.journal.books.chart import BANK_TRANSFER


class BankArrival(Base):
    """A line of the bank's statement that nothing of the exchange's explains."""

    __tablename__ = "bank_arrivals"

    bank_reference: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]
    currency: Mapped[str]
    arrived_on: Mapped[date]
    line_sealed: Mapped[bytes]
    recorded_by: Mapped[PersonId] = mapped_column(Text)
    recorded_at: Mapped[datetime]

    @property
    def reference(self) -> str:
        """Under which it is in suspense."""
        return f"{BANK_TRANSFER}:{self.bank_reference}"
