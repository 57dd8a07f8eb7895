"""What compliance keeps of those who decide together, and of the policy that they decide by."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from compliance.review.panels import Panel, PanelState, Seat


class HeldPolicy(Base):
    """The review's policy from an instant on; the latest one that began is in force."""

    __tablename__ = "review_policies"

    id: Mapped[str] = mapped_column(primary_key=True)
    effective_from: Mapped[datetime]
    document: Mapped[dict[str, Any]]
    policy_hash: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class PanelSeat(Base):
    """A member who declared no conflict, and how they voted with which reason."""

    __tablename__ = "panel_seats"

    panel_id: Mapped[str] = mapped_column(ForeignKey("panels.id"), primary_key=True)
    member_id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str | None]
    scenario_id: Mapped[str | None]
    excluded_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    in_favour: Mapped[bool | None]
    reason: Mapped[str | None]
    reason_salt: Mapped[str | None]
    reason_hash: Mapped[str | None]
    seated_at: Mapped[datetime]
    voted_at: Mapped[datetime | None]


class SittingPanel(Base):
    """A panel over a case, a revocation, an appeal or a declared use, by the id of that subject."""

    __tablename__ = "panels"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[str]
    case_id: Mapped[str | None] = mapped_column(ForeignKey("review_cases.id"))
    size: Mapped[int]
    quorum: Mapped[int]
    needs_two_thirds: Mapped[bool]
    excluded_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str]
    in_favour_count: Mapped[int]
    against_count: Mapped[int]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    escalated_at: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]
    seats: Mapped[list[PanelSeat]] = relationship(
        order_by=PanelSeat.seated_at, lazy="selectin", cascade="all"
    )

    @property
    def scenario_id(self) -> str | None:
        """The declared use that it decides, if that is its subject."""
        return self.subject_id if self.case_id is None else None

    def panel(self) -> Panel:
        """The panel as the pure machine sees it."""
        return Panel(
            id=self.id,
            size=self.size,
            quorum=self.quorum,
            needs_two_thirds=self.needs_two_thirds,
            excluded=frozenset(self.excluded_ids),
            seats=tuple(Seat(each.member_id, each.in_favour) for each in self.seats),
            state=PanelState(self.state),
        )

    def follow(self, panel: Panel, now: datetime) -> None:
        """Take over what the machine concluded."""
        self.in_favour_count = sum(panel.votes)
        self.against_count = len(panel.votes) - self.in_favour_count
        self.state = panel.state
        if panel.state is not PanelState.OPEN:
            self.concluded_at = now
