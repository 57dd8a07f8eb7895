"""Transfers of registrations from one supplier to another, and the public line of holders."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from listings.registry.transfer_states import LIFE_CYCLE


class RegistrationTransfer(Base):
    """A holder gives its registration to another supplier, who is registered anew for it."""

    __tablename__ = "registration_transfers"

    id: Mapped[str] = mapped_column(primary_key=True)
    registration_id: Mapped[str] = mapped_column(ForeignKey("registry_entries.registration_id"))
    product_id: Mapped[str] = mapped_column(ForeignKey("data_products.id"))
    supplier_id: Mapped[str]
    transferee_id: Mapped[str]
    state: Mapped[str]
    grounds: Mapped[str]
    deed_hash: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    accepted_by: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    successor_product_id: Mapped[str | None] = mapped_column(ForeignKey("data_products.id"))
    successor_id: Mapped[str | None] = mapped_column(ForeignKey("registry_entries.registration_id"))
    reason: Mapped[str | None]
    consents_left: Mapped[dict[str, Any] | None]
    """Standing consents for the holder's product by purpose, as they were last counted."""
    changed_at: Mapped[datetime]

    def advance(self, event: str, *, at: datetime) -> None:
        """Move along the life cycle; raises `IllegalTransition`."""
        self.state = LIFE_CYCLE.next(self.state, event)
        self.changed_at = at


class RegistrySuccession(Base):
    """Which registration a transferred one goes on in; the registry shows it to everybody."""

    __tablename__ = "registry_successions"

    registration_id: Mapped[str] = mapped_column(
        ForeignKey("registry_entries.registration_id"), primary_key=True
    )
    successor_id: Mapped[str] = mapped_column(ForeignKey("registry_entries.registration_id"))
    transferred_at: Mapped[datetime]
