"""Tables of debts that were written off, and what of them came in afterwards."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId
from app.core.states import Transitions
from ledger.journal.proposals import Proposal

MINIMUM = "minimum"
"""A debt that is a commitment which was not reached; named by licence and period."""
WRITTEN_OFF = "written_off"
WRITE_OFF = Transitions(
    {
        ("proposed", "approve"): WRITTEN_OFF,
        ("proposed", "decline"): "declined",
        (WRITTEN_OFF, "recover"): "recovered",
    }
)


class WriteOff(Proposal, Base):
    """What an organisation owes in a currency and is not expected to pay; in 10⁻⁸ units."""

    __tablename__ = "write_offs"

    write_off_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    amount: Mapped[int]
    recovered_amount: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str]
    recovered_at: Mapped[datetime | None]

    @property
    def outstanding_amount(self) -> int:
        """What has not come in since."""
        return self.amount - self.recovered_amount


class WriteOffItem(Base):
    """One debt of a write-off: a credit line's, a charge-back's or a minimum commitment's."""

    __tablename__ = "write_off_items"

    write_off_id: Mapped[str] = mapped_column(
        ForeignKey("write_offs.write_off_id"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    recovered_amount: Mapped[int] = mapped_column(default=0)

    @property
    def outstanding_amount(self) -> int:
        """What has not come in since."""
        return self.amount - self.recovered_amount
