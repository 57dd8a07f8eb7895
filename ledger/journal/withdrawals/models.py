"""The table of withdrawals."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId, PersonId
from ledger.journal.bank_accounts.models import Returnable
from ledger.journal.ids import BankAccountId, WithdrawalId


class Withdrawal(Returnable, Base):
    """A buyer's own money on its way back to its bank, and the people who let it go."""

    __tablename__ = "withdrawals"

    withdrawal_id: Mapped[WithdrawalId] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    currency: Mapped[str]
    bank_account_id: Mapped[BankAccountId] = mapped_column(Text)
    state: Mapped[str]
    requested_by: Mapped[PersonId] = mapped_column(Text)
    requested_at: Mapped[datetime]
    approved_by: Mapped[PersonId | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None]
    sent_by: Mapped[PersonId | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
    provider_reference: Mapped[str | None]
    paid_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    failure_code: Mapped[str | None]
    cancelled_by: Mapped[PersonId | None] = mapped_column(Text)
    cancelled_at: Mapped[datetime | None]
