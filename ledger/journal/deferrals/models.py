"""The table of prices that are paid and not yet earned."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import LicenceId, OrderId, OrganisationId


class Deferral(Base):
    """The price of a yearly package, on its way from paid to earned; amounts in 10⁻⁸ units."""

    __tablename__ = "deferrals"

    order_id: Mapped[OrderId] = mapped_column(Text, primary_key=True)
    licence_id: Mapped[LicenceId | None] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    split: Mapped[dict[str, int]]
    price_amount: Mapped[int]
    recognised_amount: Mapped[int]
    refunded_amount: Mapped[int]
    days: Mapped[int]
    recognised_days: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    @property
    def deferred_amount(self) -> int:
        """What is paid and neither earned nor given back."""
        return self.price_amount - self.recognised_amount - self.refunded_amount
