"""The table of alerts."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId


class SpendAlert(Base):
    """When an organisation wants to be told, and what it was told last."""

    __tablename__ = "spend_alerts"

    organisation_id: Mapped[OrganisationId] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    low_balance_amount: Mapped[int | None]
    spike_factor_percent: Mapped[int | None]
    spike_least_amount: Mapped[int]
    is_low: Mapped[bool]
    spiked_until: Mapped[datetime | None]
    changed_at: Mapped[datetime]
