"""What compliance keeps of suspensions, revocations that panels decide, and appeals."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Suspension(Base):
    """One suspension from its beginning to its end, with everybody who had a hand in it."""

    __tablename__ = "suspensions"

    id: Mapped[str] = mapped_column(primary_key=True)
    listing_code: Mapped[str]
    supplier_id: Mapped[str]
    scope: Mapped[str]
    reason_code: Mapped[str]
    suspended_by: Mapped[str]
    suspended_at: Mapped[datetime]
    ratify_until: Mapped[datetime | None]
    ratified_by: Mapped[str | None]
    ratified_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    resumption_proposed_by: Mapped[str | None]
    resumption_proposed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class Revocation(Base):
    """A proposal to revoke a listing, decided by a panel."""

    __tablename__ = "revocations"

    id: Mapped[str] = mapped_column(primary_key=True)
    listing_code: Mapped[str]
    supplier_id: Mapped[str]
    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"))
    panel_id: Mapped[str | None]
    reason_code: Mapped[str]
    reason: Mapped[str]
    reason_salt: Mapped[str]
    reason_hash: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    state: Mapped[str]
    decided_at: Mapped[datetime | None]


class FiledAppeal(Base):
    """A supplier's appeal, once for each decision, with the board that decides it."""

    __tablename__ = "appeals"

    id: Mapped[str] = mapped_column(primary_key=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"))
    product_id: Mapped[str]
    version_id: Mapped[str]
    listing_code: Mapped[str]
    supplier_id: Mapped[str]
    panel_id: Mapped[str | None]
    ground: Mapped[str]
    statement: Mapped[str]
    filed_by: Mapped[str]
    filed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
