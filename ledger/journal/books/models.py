"""Tables of the books; they are written by the database's `journal_post` only."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import Base
from app.core.ids import OrganisationId, PersonId


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


class BooksCursor(Base):
    """How far a timed reader of the books got (`cursors.py` says what the columns mean)."""

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
