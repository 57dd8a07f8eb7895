"""Tables of money in suspense that finds its owner, or goes back."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId
from app.core.states import Transitions
from ledger.journal.proposals import Proposal

SUSPENSE_RETURN = Transitions(
    {
        ("proposed", "approve"): "approved",
        ("proposed", "decline"): "declined",
        ("approved", "complete"): "returned",
        ("approved", "fail"): "failed",
        ("returned", "fail"): "failed",
    }
)


class SuspenseReturn(Proposal, Base):
    """Money in suspense that goes back to its sender, by one person's word and another's."""

    __tablename__ = "suspense_returns"

    return_id: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
    provider_reference: Mapped[str | None]
    failure_code: Mapped[str | None]
    ended_at: Mapped[datetime | None]


DECLINED = "declined"

SUSPENSE_ASSIGNMENT = Transitions(
    {
        ("proposed", "approve"): "approved",
        ("proposed", "decline"): DECLINED,
    }
)


class SuspenseAssignment(Proposal, Base):
    """Whose money it was that arrived unexplained, by one person's word and another's."""

    __tablename__ = "suspense_assignments"

    assignment_id: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str]
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str]
