"""What this room knows of an organisation: that it was verified, as what, and until when."""

from datetime import datetime

from sqlalchemy import FetchedValue
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ListingParty(Base):
    """A verified organisation; the party number opens its listing codes."""

    __tablename__ = "listing_parties"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    party_number: Mapped[str] = mapped_column(server_default=FetchedValue())
    name: Mapped[str]
    uscc: Mapped[str]
    is_supplier: Mapped[bool]
    is_buyer: Mapped[bool]
    valid_until: Mapped[datetime]
    noted_at: Mapped[datetime]

    def is_verified_at(self, instant: datetime) -> bool:
        """Whether the verification is in force."""
        return instant < self.valid_until
