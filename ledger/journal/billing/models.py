"""Tables of billing: deferred revenue, runs, credit lines and their bills, freezes, alerts."""

import base64
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text, and_
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import LicenceId, OrderId, OrganisationId, PersonId
from app.core.states import Transitions
from ledger.journal.proposals import Proposal


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


class BillingRun(Base):
    """A month's invoicing, and how far it got."""

    __tablename__ = "billing_runs"

    month: Mapped[str] = mapped_column(primary_key=True)
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    asked_by: Mapped[PersonId | None] = mapped_column(Text)
    started_at: Mapped[datetime]
    done_through: Mapped[str]
    invoice_count: Mapped[int]
    bills_through: Mapped[str]
    finished_at: Mapped[datetime | None]


ACTIVE = "active"
CREDIT_LINE = Transitions(
    {
        ("proposed", "approve"): ACTIVE,
        ("proposed", "decline"): "declined",
        (ACTIVE, "replace"): "replaced",
        (ACTIVE, "write_off"): "written_off",
    }
)


class CreditLine(Proposal, Base):
    """How much an organisation may owe, and what happens when it does not pay."""

    __tablename__ = "credit_lines"

    credit_line_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    limit_amount: Mapped[int]
    due_days: Mapped[int]
    dunning: Mapped[list[dict[str, Any]]]
    reason: Mapped[str]
    matched_posting_id: Mapped[int]
    suspended_at: Mapped[datetime | None]


class CreditBill(Base):
    """What a month of buying on credit comes to, due on a day."""

    __tablename__ = "credit_bills"

    bill_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    month: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    amount: Mapped[int]
    paid_amount: Mapped[int]
    issued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    written_off_amount: Mapped[int] = mapped_column(default=0)
    written_off_at: Mapped[datetime | None]
    write_off_id: Mapped[str | None]
    dunning: Mapped[list[dict[str, Any]]]
    document: Mapped[dict[str, Any]]
    bill_hash: Mapped[str]
    key_name: Mapped[str]
    signature: Mapped[bytes]

    @property
    def open_amount(self) -> int:
        """What is still asked for."""
        return self.amount - self.paid_amount - self.written_off_amount

    @property
    def signature_text(self) -> str:
        """The signature in base64 (RFC 4648 section 4)."""
        return base64.b64encode(self.signature).decode()


IS_OPEN = and_(CreditBill.paid_at.is_(None), CreditBill.written_off_at.is_(None))
"""Whether a bill still asks for something."""


class BillPayment(Base):
    """The part of a booked payment that went to one bill."""

    __tablename__ = "bill_payments"

    bill_id: Mapped[str] = mapped_column(ForeignKey("credit_bills.bill_id"), primary_key=True)
    posting_id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    matched_at: Mapped[datetime]


class DunningStepTaken(Base):
    """A step that an unpaid bill came to, once; withdrawn when the bill was paid."""

    __tablename__ = "dunning_steps"

    bill_id: Mapped[str] = mapped_column(ForeignKey("credit_bills.bill_id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    taken_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class BooksCursor(Base):
    """How far a timed reader of the books got (`books_cursor.py` says what the columns mean)."""

    __tablename__ = "books_cursor"

    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    settled: Mapped[int]
    seen: Mapped[int]
    seen_xmax: Mapped[int]
    place: Mapped[str]


class AccountTally(Base):
    """The sum of an account's postings up to and including one, so that no sum starts at zero."""

    __tablename__ = "account_tallies"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]
    through_posting_id: Mapped[int]


class SpendBucket(Base):
    """What left a wallet in five minutes, in 10⁻⁸ units."""

    __tablename__ = "spend_buckets"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    bucket_at: Mapped[datetime] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]


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
