"""The table of bank details, and what every transfer out of the exchange keeps of its return."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId, PersonId
from ledger.journal.ids import BankAccountId


class BankAccount(Base):
    """Where a supplier wants its money; the details are encrypted and wait before they count."""

    __tablename__ = "bank_accounts"

    bank_account_id: Mapped[BankAccountId] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    details_sealed: Mapped[bytes]
    masked: Mapped[str]
    registered_by: Mapped[PersonId] = mapped_column(Text)
    registered_at: Mapped[datetime]
    effective_at: Mapped[datetime]
    cancelled_by: Mapped[PersonId | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None]


class Returnable:
    """Who said that a transfer which had been carried out came back."""

    return_stated_by: Mapped[PersonId | None] = mapped_column(Text)
    return_stated_at: Mapped[datetime | None]
    returned_by: Mapped[PersonId | None] = mapped_column(Text)
