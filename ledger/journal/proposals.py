"""What one person proposes and another decides: the columns that each such table has."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.ids import PersonId


class Proposal:
    """Who proposed, who decided, and how it stands; `deciders` says who may."""

    state: Mapped[str]
    proposed_by: Mapped[PersonId] = mapped_column(Text)
    proposed_at: Mapped[datetime]
    decided_by: Mapped[PersonId | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]

    def decide(self, state: str, *, by: str, at: datetime) -> None:
        """Keep the second person's word, by which it stands so."""
        self.state = state
        self.decided_by, self.decided_at = PersonId(by), at
