"""What a buyer thinks of a listing that it called."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Rating(Base):
    """One to five stars by one organisation; a later rating replaces it."""

    __tablename__ = "ratings"

    listing_code: Mapped[str] = mapped_column(ForeignKey("listings.listing_code"), primary_key=True)
    buyer_id: Mapped[str] = mapped_column(primary_key=True)
    stars: Mapped[int]
    rated_at: Mapped[datetime]
