"""The table of who pays whom under a licence."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import LicenceId, OrderId, OrganisationId


class LicenceParties(Base):
    """Who pays whom under a licence, as the licence's issue told."""

    __tablename__ = "licence_parties"

    licence_id: Mapped[LicenceId] = mapped_column(Text, primary_key=True)
    order_id: Mapped[OrderId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    plan_hash: Mapped[str]
    listing_code: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    split: Mapped[dict[str, int] | None]
