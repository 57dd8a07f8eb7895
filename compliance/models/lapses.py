"""What lapses when, for whoever has to renew it."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class LapseRow(Base):
    """One lapse of a subject: a listing, a party, a scenario or a licence.

    ``reminded_days`` is the nearest reminder that was given; 0 means that none is needed any more.
    """

    __tablename__ = "lapses"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    subject_id: Mapped[str]
    listing_code: Mapped[str | None]
    kind: Mapped[str]
    name: Mapped[str]
    lapses_at: Mapped[datetime]
    effective_at: Mapped[datetime]
    consequence: Mapped[str]
    reminded_days: Mapped[int | None]
    sort_key: Mapped[str]
    noted_at: Mapped[datetime]
