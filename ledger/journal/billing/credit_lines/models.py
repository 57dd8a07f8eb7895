"""The table of credit lines."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId
from app.core.states import Transitions
from ledger.journal.proposals import Proposal

ACTIVE = "active"
CREDIT_LINE = Transitions(
    {
        ("proposed", "approve"): ACTIVE,
        ("proposed", "decline"): "declined",
        (ACTIVE, "replace"): "replaced",
        (ACTIVE, "write_off"): "written_off",
    }
)


class CreditLine(Proposal, Base):
    """How much an organisation may owe, and what happens when it does not pay."""

    __tablename__ = "credit_lines"

    credit_line_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    limit_amount: Mapped[int]
    due_days: Mapped[int]
    dunning: Mapped[list[dict[str, Any]]]
    reason: Mapped[str]
    matched_posting_id: Mapped[int]
    suspended_at: Mapped[datetime | None]
