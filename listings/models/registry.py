"""The public registry: what each registered version is, and what was made from what."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from app.core.exchange_calendar import day_of
from listings.registry.states import LIFE_CYCLE, state_on


class RegistryWords(Base):
    """What an entry is found by, apart from it so that the index serves every reader."""

    __tablename__ = "registry_words"

    registration_id: Mapped[str] = mapped_column(
        ForeignKey("registry_entries.registration_id"), primary_key=True
    )
    search: Mapped[str] = mapped_column(TSVECTOR)


class RegistryInput(Base):
    """One product was made from another; both are registered."""

    __tablename__ = "registry_inputs"

    registration_id: Mapped[str] = mapped_column(
        ForeignKey("registry_entries.registration_id"), primary_key=True
    )
    input_id: Mapped[str] = mapped_column(
        ForeignKey("registry_entries.registration_id"), primary_key=True
    )


class RegistryEntry(Base):
    """What a version of a data product is and who may do what with it; the record never changes.

    The registration itself (who approved it, objections to it) is kept by the review under the
    same id.
    """

    __tablename__ = "registry_entries"

    registration_id: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("data_products.id"))
    version_id: Mapped[str] = mapped_column(ForeignKey("product_versions.id"))
    version_number: Mapped[int]
    holder_id: Mapped[str]
    holder_name: Mapped[str]
    state: Mapped[str]
    record: Mapped[dict[str, Any]]
    record_hash: Mapped[str]
    product_kind: Mapped[str]
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rights: Mapped[list[str]] = mapped_column(ARRAY(Text))
    valid_to: Mapped[date | None]
    registered_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    cancel_reason: Mapped[str | None]
    words: Mapped[RegistryWords] = relationship()

    def advance(self, event: str, *, at: datetime) -> None:
        """Move along the life cycle; raises `IllegalTransition`."""
        self.state = LIFE_CYCLE.next(self.state, event)
        self.changed_at = at

    def state_at(self, instant: datetime) -> str:
        """The state as the registry says it at an instant."""
        return state_on(self.state, valid_to=self.valid_to, today=day_of(instant))
