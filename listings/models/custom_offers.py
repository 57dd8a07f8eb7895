"""A plan that a supplier proposes to one named buyer."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from listings.offers.custom_offer_states import EXPIRED, LIFE_CYCLE, PROPOSED
from listings.offers.errors import CustomOfferNotOpen


class CustomOffer(Base):
    """Terms between two parties; a trigger lets it be decided once and changes nothing else."""

    __tablename__ = "custom_offers"

    id: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    buyer_id: Mapped[str]
    listing_code: Mapped[str] = mapped_column(ForeignKey("listings.listing_code"))
    plan_id: Mapped[str]
    terms: Mapped[dict[str, Any]]
    plan_hash: Mapped[str]
    message: Mapped[str | None]
    valid_until: Mapped[datetime]
    state: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None]
    order_id: Mapped[str | None]
    demand_id: Mapped[str | None]

    def state_at(self, instant: datetime) -> str:
        """The state as it is then: a proposal past its time has expired by itself."""
        is_over = self.state == PROPOSED and self.valid_until <= instant
        return EXPIRED if is_over else self.state

    def demand_open(self, instant: datetime) -> None:
        """Raises `CustomOfferNotOpen` unless it can still be decided then."""
        state = self.state_at(instant)
        if state != PROPOSED:
            raise CustomOfferNotOpen(self.id, state)

    def accept(self, order_id: str, *, at: datetime) -> None:
        """The buyer has ordered on it; raises `CustomOfferNotOpen`."""
        self._decide("accept", at=at)
        self.order_id = order_id

    def decline(self, reason: str | None, *, at: datetime) -> None:
        """The buyer does not want it; raises `CustomOfferNotOpen`."""
        self._decide("decline", at=at)
        self.decline_reason = reason

    def withdraw(self, *, at: datetime) -> None:
        """The supplier takes it back; raises `CustomOfferNotOpen`."""
        self._decide("withdraw", at=at)

    def _decide(self, event: str, *, at: datetime) -> None:
        self.demand_open(at)
        self.state, self.decided_at = LIFE_CYCLE.next(self.state, event), at
