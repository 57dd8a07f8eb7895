"""What compliance keeps of prices that differ under the same conditions."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class PriceAlarm(Base):
    """A licence at a price that other buyers of the same version do not have, and why.

    ``due_at`` ends the supplier's time, ``decision_due_at`` the exchange's: that one runs from the
    first reason, or from where the supplier's time ended without one.
    """

    __tablename__ = "price_alarms"

    id: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[str] = mapped_column(ForeignKey("licences.id"))
    listing_code: Mapped[str]
    supplier_id: Mapped[str]
    plan_hash: Mapped[str]
    other_plan_hashes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rule_set_hash: Mapped[str]
    state: Mapped[str]
    raised_at: Mapped[datetime]
    due_at: Mapped[datetime]
    escalated_at: Mapped[datetime | None]
    decision_due_at: Mapped[datetime | None]
    decision_escalated_at: Mapped[datetime | None]
    ground: Mapped[str | None]
    explanation: Mapped[str | None]
    explanation_salt: Mapped[str | None]
    explanation_hash: Mapped[str | None]
    explained_by: Mapped[str | None]
    explained_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]
    reason_salt: Mapped[str | None]
    reason_hash: Mapped[str | None]
    decided_at: Mapped[datetime | None]
