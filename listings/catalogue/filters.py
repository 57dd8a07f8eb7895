"""What a visitor asks the catalogue for."""

from dataclasses import dataclass, field
from datetime import datetime

FACETS = (
    "sector",
    "topic",
    "kind",
    "supplier",
    "price_model",
    "delivery",
    "update",
    "grade",
    "industry",
    "modality",
    "data_class",
    "delivery_grade",
    "quality",
    "currency",
)
NO_QUALITY = "NONE"
"""The facet's value where no report is in force, or none has a grade."""
SORTS = ("relevance", "newest", "price", "rating", "quality")


@dataclass(frozen=True)
class CatalogueQuery:
    """Words, chosen facet values (any of one facet, all facets together), order and page."""

    words: str = ""
    chosen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    cursor: str | None = None
    limit: int = 20
    at: datetime | None = None
    """Whose reports are in force at this instant; without one the database's own."""

    @property
    def order(self) -> str:
        """The order asked for; without one, relevance for words and the newest otherwise."""
        order = self.sort or ("relevance" if self.words else "newest")
        # Nothing is more relevant than another where nothing was asked.
        return "newest" if order == "relevance" and not self.words else order
