"""What was taken away from licences after they were issued, and how far that has come."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

CHAIN, SCENARIO = "CHAIN", "SCENARIO"


class Narrowing(Base):
    """A change of a link behind licences: of the chain of rights, or of a scenario.

    ``terms`` are met with each licence; ``is_end`` says that nothing is left of the link.
    """

    __tablename__ = "narrowings"

    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    listing_code: Mapped[str]
    version_id: Mapped[str | None]
    scenario_id: Mapped[str | None]
    supplier_id: Mapped[str]
    buyer_id: Mapped[str | None]
    link: Mapped[int | None]
    terms: Mapped[dict[str, Any]]
    is_end: Mapped[bool]
    reason: Mapped[str]
    evidence_hash: Mapped[str | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    applied_through: Mapped[str]
    is_applied: Mapped[bool]
