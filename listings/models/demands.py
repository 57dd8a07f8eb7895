"""What a buyer looks for, shown to every supplier without saying who looks."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from listings.offers.demand_errors import DemandNotOpen
from listings.offers.demand_states import EXPIRED, LIFE_CYCLE, OPEN


class DemandBuyer(Base):
    """Whose a demand is, apart from it: a row that row-level security shows to the buyer alone."""

    __tablename__ = "demand_buyers"

    demand_id: Mapped[str] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]


class Demand(Base):
    """A demand; ``content`` is what nobody filters by. Amounts at scale 10⁻⁸."""

    __tablename__ = "demands"

    id: Mapped[str] = mapped_column(ForeignKey("demand_buyers.demand_id"), primary_key=True)
    title: Mapped[str]
    topic: Mapped[str]
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    content: Mapped[dict[str, Any]]
    budget_min_amount: Mapped[int | None]
    budget_max_amount: Mapped[int | None]
    currency: Mapped[str]
    closes_at: Mapped[datetime]
    state: Mapped[str]
    posted_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(TSVECTOR, deferred=True)

    posted_by: Mapped[DemandBuyer | None] = relationship(lazy="joined")
    """None where the transaction's reach does not show whose it is."""

    def is_of(self, organisation_id: str) -> bool:
        """Whether the organisation posted it."""
        return self.posted_by is not None and self.posted_by.buyer_id == organisation_id

    def state_at(self, instant: datetime) -> str:
        """The state as it is then: past its time a demand takes no offers, whoever forgot it."""
        is_over = self.state == OPEN and self.closes_at <= instant
        return EXPIRED if is_over else self.state

    def demand_open(self, instant: datetime) -> None:
        """Raises `DemandNotOpen` unless it takes offers then."""
        state = self.state_at(instant)
        if state != OPEN:
            raise DemandNotOpen(self.id, state)

    def close(self, *, at: datetime) -> None:
        """Take it off the board for good; raises `DemandNotOpen` where that was done."""
        if self.state != OPEN:
            raise DemandNotOpen(self.id, self.state)
        self.state, self.closed_at = LIFE_CYCLE.next(self.state, "close"), at
