"""What compliance keeps of deliveries that concern persons: counts, never whose."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class PersonCount(Base):
    """Records of persons delivered under one licence in one calendar year (China, UTC+8).

    ``records_count`` is an upper bound of the persons: each record may be another one. At least
    one person was concerned where there is a row at all: records of a single person look the same.
    """

    __tablename__ = "person_counts"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    buyer_id: Mapped[str]
    listing_code: Mapped[str]
    version_id: Mapped[str]
    pi_level: Mapped[str]
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text))
    threshold_count: Mapped[int]
    is_exported: Mapped[bool]
    calls_count: Mapped[int]
    records_count: Mapped[int]
    changed_at: Mapped[datetime]


class PersonCountCursor(Base):
    """How far a lane of metered calls has been counted; a call is counted once."""

    __tablename__ = "person_count_cursors"

    lane_id: Mapped[str] = mapped_column(primary_key=True)
    licence_id: Mapped[str]
    counted_n: Mapped[int]
