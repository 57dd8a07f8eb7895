"""Tables of money that came without a reference, and of money in suspense that goes back."""

from datetime import date, datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import PersonId
from app.core.states import Transitions
from ledger.journal.chart import BANK_TRANSFER


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


SUSPENSE_RETURN = Transitions(
    {
        ("proposed", "approve"): "approved",
        ("proposed", "decline"): "declined",
        ("approved", "complete"): "returned",
        ("approved", "fail"): "failed",
        ("returned", "fail"): "failed",
    }
)


class SuspenseReturn(Base):
    """Money in suspense that goes back to its sender, by one person's word and another's."""

    __tablename__ = "suspense_returns"

    return_id: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[PersonId] = mapped_column(Text)
    proposed_at: Mapped[datetime]
    decided_by: Mapped[PersonId | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    provider_reference: Mapped[str | None]
    failure_code: Mapped[str | None]
    ended_at: Mapped[datetime | None]
