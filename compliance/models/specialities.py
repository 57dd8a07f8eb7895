"""What compliance keeps of what its reviewers know."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ReviewerSpecialities(Base):
    """The scenes and fields of law that a reviewer is registered for; no row says nothing."""

    __tablename__ = "reviewer_specialities"

    person_id: Mapped[str] = mapped_column(primary_key=True)
    specialities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
