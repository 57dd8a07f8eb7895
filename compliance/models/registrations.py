"""What compliance keeps of registrations, objections to them, and applications for listing."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from compliance.review.registration_machine import Application, ApplicationState


class Registration(Base):
    """That exactly this dossier was approved, published for objection, and is final or not."""

    __tablename__ = "registrations"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"))
    product_id: Mapped[str]
    version_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    name: Mapped[str]
    dossier_hash: Mapped[str]
    state: Mapped[str]
    is_for_listing: Mapped[bool]
    registered_at: Mapped[datetime]
    publicity_ends_at: Mapped[datetime]
    final_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class Objection(Base):
    """Somebody's objection during publicity, decided by somebody who was not involved."""

    __tablename__ = "objections"

    id: Mapped[str] = mapped_column(primary_key=True)
    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"))
    objector_id: Mapped[str]
    supplier_id: Mapped[str]
    raised_by: Mapped[str]
    statement: Mapped[str]
    excluded_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str]
    raised_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]
    reason_salt: Mapped[str | None]
    reason_hash: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class ListingApplication(Base):
    """A final registration's way into the catalogue, decided by a third person."""

    __tablename__ = "listing_applications"

    id: Mapped[str] = mapped_column(primary_key=True)
    registration_id: Mapped[str] = mapped_column(ForeignKey("registrations.id"))
    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"))
    listing_code: Mapped[str]
    version_id: Mapped[str]
    supplier_id: Mapped[str]
    state: Mapped[str]
    excluded_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    applied_at: Mapped[datetime]
    due_at: Mapped[datetime]
    escalated_at: Mapped[datetime | None]
    officer_id: Mapped[str | None]
    reason: Mapped[str | None]
    reason_salt: Mapped[str | None]
    reason_hash: Mapped[str | None]
    decided_at: Mapped[datetime | None]

    def application(self) -> Application:
        """The application as the pure machine sees it."""
        return Application(
            id=self.id,
            excluded=frozenset(self.excluded_ids),
            state=ApplicationState(self.state),
            officer_id=self.officer_id,
        )
