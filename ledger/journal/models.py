"""Tables of the journal; the books themselves are written by `journal_post` only."""

import base64
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from app.core.ids import InvoiceId, LicenceId, OrderId, OrganisationId, PersonId, TopUpId


class JournalAccount(Base):
    """One account of one owner in one currency."""

    __tablename__ = "journal_accounts"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    kind: Mapped[str]
    currency: Mapped[str]
    opened_at: Mapped[datetime]


class JournalTransaction(Base):
    """A balanced set of postings; immutable."""

    __tablename__ = "journal_transactions"

    transaction_id: Mapped[int] = mapped_column(primary_key=True)
    template: Mapped[str]
    reference: Mapped[str]
    occurred_at: Mapped[datetime]
    booked_at: Mapped[datetime]
    reverses: Mapped[int | None]
    lease_id: Mapped[str | None]
    licence_id: Mapped[str | None]
    order_id: Mapped[str | None]
    posting_count: Mapped[int]


class PostedLine(Base):
    """One posting as booked; ``amount`` in 10⁻⁸ units, positive in favour of the owner."""

    __tablename__ = "postings"

    posting_id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("journal_transactions.transaction_id"))
    line: Mapped[int]
    account_id: Mapped[str]
    organisation_id: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[int]
    booked_at: Mapped[datetime]
    transaction: Mapped[JournalTransaction] = relationship(lazy="joined", viewonly=True)


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


class Invoice(Base):
    """An issued invoice: its document, the leaves that prove it, and the exchange's signature."""

    __tablename__ = "invoices"

    invoice_id: Mapped[InvoiceId] = mapped_column(Text, primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    total_amount: Mapped[int]
    currency: Mapped[str]
    document: Mapped[dict[str, Any]]
    invoice_hash: Mapped[str]
    lane_leaves: Mapped[list[dict[str, Any]]]
    key_name: Mapped[str]
    signature: Mapped[bytes]
    issued_at: Mapped[datetime]

    @property
    def signature_text(self) -> str:
        """The signature in base64 (RFC 4648 section 4)."""
        return base64.b64encode(self.signature).decode()


class AccountFreeze(Base):
    """An account that gives nothing until two people looked at what the audit found."""

    __tablename__ = "account_freezes"

    freeze_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("journal_accounts.account_id"))
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    rule: Mapped[str]
    finding: Mapped[dict[str, Any]]
    frozen_at: Mapped[datetime]
    lift_reason: Mapped[str | None]
    lift_asked_by: Mapped[PersonId | None] = mapped_column(Text)
    lift_asked_at: Mapped[datetime | None]
    lifted_by: Mapped[PersonId | None] = mapped_column(Text)
    lifted_at: Mapped[datetime | None]


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
