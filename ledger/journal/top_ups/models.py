"""Tables of top-ups, and of what of them went back."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId, PersonId, TopUpId


class TopUp(Base):
    """An announced payment into a wallet and who confirmed that it arrived."""

    __tablename__ = "top_ups"

    top_up_id: Mapped[TopUpId] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    currency: Mapped[str]
    gateway: Mapped[str]
    reference: Mapped[str]
    pay_into: Mapped[str]
    state: Mapped[str]
    requested_by: Mapped[PersonId] = mapped_column(Text)
    requested_at: Mapped[datetime]
    first_confirmed_by: Mapped[PersonId | None] = mapped_column(Text)
    first_confirmed_at: Mapped[datetime | None]
    second_confirmed_by: Mapped[PersonId | None] = mapped_column(Text)
    second_confirmed_at: Mapped[datetime | None]
    cancelled_by: Mapped[PersonId | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None]
    provider_reference: Mapped[str | None]
    paid_at: Mapped[datetime | None]


CHARGE_BACK, WON = "charge_back", "won"
"""A kind of return, and the state of one that was decided for the exchange."""


class TopUpReturn(Base):
    """A refund or charge-back of a top-up, as its gateway reported it."""

    __tablename__ = "top_up_returns"

    return_id: Mapped[str] = mapped_column(primary_key=True)
    top_up_id: Mapped[TopUpId] = mapped_column(Text)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    kind: Mapped[str]
    gateway: Mapped[str]
    provider_reference: Mapped[str]
    amount: Mapped[int]
    owed_amount: Mapped[int]
    collected_amount: Mapped[int] = mapped_column(default=0)
    written_off_amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    state: Mapped[str]
    noted_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    @property
    def uncollected_amount(self) -> int:
        """What is owed and neither collected nor written off."""
        return self.owed_amount - self.collected_amount - self.written_off_amount
