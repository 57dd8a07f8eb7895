"""Tables of credit lines' bills: what was asked for, what paid it, how far it was chased."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text, and_
from sqlalchemy.orm import Mapped, mapped_column

from app.core.canonical import base64_text
from app.core.db import Base
from app.core.ids import OrganisationId


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
        return base64_text(self.signature)


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
