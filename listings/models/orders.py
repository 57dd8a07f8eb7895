"""Orders, the agreements that they make, and the scenarios that they need."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from app.core.money import Money
from listings.offers.agreement_terms import OrderWarning, order_warnings
from listings.offers.order_states import ACTIVE


class ApprovedScenario(Base):
    """A buyer's approved scenario for a listing, as the approval's event told it."""

    __tablename__ = "approved_scenarios"

    scenario_id: Mapped[str] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    listing_code: Mapped[str]
    terms: Mapped[dict[str, Any]]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    noted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    def is_current(self, instant: datetime) -> bool:
        """Whether an order may rest on it now."""
        return self.ended_at is None and self.valid_from <= instant < self.valid_until


class Agreement(Base):
    """The accepted terms, fixed at order time; a trigger refuses every change."""

    __tablename__ = "agreements"

    id: Mapped[str] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    terms: Mapped[dict[str, Any]]
    agreement_hash: Mapped[str]
    agreed_at: Mapped[datetime]


class Order(Base):
    """A buyer's acceptance of a plan for a scenario; amounts at scale 10⁻⁸."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    version_id: Mapped[str]
    plan_id: Mapped[str]
    custom_offer_id: Mapped[str | None] = mapped_column(ForeignKey("custom_offers.id"))
    scenario_id: Mapped[str]
    agreement_id: Mapped[str] = mapped_column(ForeignKey("agreements.id"))
    state: Mapped[str]
    licence_id: Mapped[str | None]
    due_amount: Mapped[int]
    currency: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    scenario_ends_at: Mapped[datetime | None]
    placed_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    agreement: Mapped[Agreement] = relationship(lazy="selectin")

    @property
    def due(self) -> Money:
        """What the order itself costs."""
        return Money(self.due_amount, self.currency)

    @property
    def warnings(self) -> tuple[OrderWarning, ...]:
        """What the buyer should know of what it agreed to."""
        return order_warnings(self.ends_at, self.scenario_ends_at)

    def activate(self, licence_id: str, *, at: datetime) -> None:
        """The licence was issued; the second call with the same licence changes nothing."""
        if self.licence_id == licence_id:
            return
        self.state, self.licence_id, self.activated_at = ACTIVE, licence_id, at
