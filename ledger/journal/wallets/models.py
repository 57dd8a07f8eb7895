"""The table of wallets; the database moves them with each posting and lease."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId


class Wallet(Base):
    """Money of an organisation; ``pending_amount`` of it is leased to workers.

    Below zero it is what a credit line lent; ``is_credit_suspended`` lets it lend no more.
    """

    __tablename__ = "wallets"

    organisation_id: Mapped[OrganisationId] = mapped_column(Text, primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    balance_amount: Mapped[int]
    pending_amount: Mapped[int]
    credit_limit_amount: Mapped[int] = mapped_column(default=0)
    is_credit_suspended: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime]

    @property
    def available_amount(self) -> int:
        """What no worker holds, the credit line included unless it is suspended; never below 0."""
        limit = 0 if self.is_credit_suspended else self.credit_limit_amount
        return max(self.balance_amount + limit - self.pending_amount, 0)

    @property
    def used_credit_amount(self) -> int:
        """What is owed or held for calls beyond the buyer's own; negative while there is some."""
        return self.pending_amount - self.balance_amount

    @property
    def bearable_amount(self) -> int:
        """What may be taken without asking: a suspended line lends nothing, but owes what it did.

        Never below 0, by a constraint of the database.
        """
        return self.balance_amount + self.credit_limit_amount - self.pending_amount
