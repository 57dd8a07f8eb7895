"""What compliance keeps of what whoever runs the exchange stated about it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from compliance.rules.platform import DutyState, state_of


class PlatformStatement(Base):
    """How a duty of the platform is met, what its rule made of it, and who confirmed it."""

    __tablename__ = "platform_statements"

    id: Mapped[str] = mapped_column(primary_key=True)
    rule_id: Mapped[str]
    rule_set_hash: Mapped[str] = mapped_column(ForeignKey("rule_sets.hash"))
    facts: Mapped[dict[str, Any]]
    input_hash: Mapped[str]
    outcome: Mapped[str]
    decided_by: Mapped[dict[str, Any]]
    statement: Mapped[str]
    document_hash: Mapped[str]
    valid_until: Mapped[datetime]
    stated_by: Mapped[str]
    stated_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]

    def state_at(self, now: datetime) -> DutyState:
        """Whether the duty is met by it at that instant."""
        is_confirmed, is_over = self.confirmed_by is not None, self.valid_until <= now
        return state_of(self.outcome, is_confirmed=is_confirmed, is_over=is_over)
