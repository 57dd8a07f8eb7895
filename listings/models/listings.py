"""A product's appearance in the catalogue."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from listings.catalogue.filters import NO_QUALITY
from listings.errors import ListingNotOpen
from listings.models.products import ProductVersion
from listings.versions.life_cycle import LIFE_CYCLE, LISTED


class ListingWords(Base):
    """What a listing is found by, apart from it so that the index serves every reader."""

    __tablename__ = "listing_words"

    listing_code: Mapped[str] = mapped_column(ForeignKey("listings.listing_code"), primary_key=True)
    search: Mapped[str] = mapped_column(TSVECTOR)


class Listing(Base):
    """The current version under its public code, with what the catalogue filters by.

    Prices are the lowest of one unit, at scale 10⁻⁸.
    """

    __tablename__ = "listings"

    listing_code: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str]
    product_id: Mapped[str] = mapped_column(ForeignKey("data_products.id"))
    version_id: Mapped[str] = mapped_column(ForeignKey("product_versions.id"))
    supplier_id: Mapped[str]
    supplier_name: Mapped[str]
    state: Mapped[str]
    dossier_hash: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str]
    series: Mapped[str]
    summary: Mapped[str]
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text))
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    topic: Mapped[str]
    product_kind: Mapped[str]
    delivery_mode: Mapped[str]
    update_frequency: Mapped[str]
    grade: Mapped[str]
    industries: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    modalities: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    data_classes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    delivery_grade: Mapped[str | None]
    quality_grade: Mapped[str | None]
    quality_valid_until: Mapped[datetime | None]
    price_models: Mapped[list[str]] = mapped_column(ARRAY(Text))
    lowest_price_amount: Mapped[int]
    currency: Mapped[str]
    first_listed_at: Mapped[datetime]
    published_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    rating_count: Mapped[int] = mapped_column(default=0)
    rating_stars: Mapped[int] = mapped_column(default=0)
    version: Mapped[ProductVersion] = relationship()
    words: Mapped[ListingWords | None] = relationship()

    def quality_at(self, instant: datetime) -> str:
        """The grade of the report that is in force then, or `NO_QUALITY`."""
        if self.quality_grade is None or self.quality_valid_until is None:
            return NO_QUALITY
        return self.quality_grade if self.quality_valid_until > instant else NO_QUALITY

    def demand_open(self) -> None:
        """Raises `ListingNotOpen` unless the listing is on sale."""
        if self.state != LISTED:
            raise ListingNotOpen(self.listing_code, self.state)

    def advance(self, event: str, *, at: datetime) -> None:
        """Move listing and version together; raises `IllegalTransition`."""
        self.state = LIFE_CYCLE.next(self.state, event)
        self.version.advance(event, at=at)
        self.changed_at = at
