"""Tables of payments."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import OrganisationId


class PaymentOperation(Base):
    """One thing asked of a provider; what identifies it is never changed once written."""

    __tablename__ = "payment_operations"

    operation_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    gateway: Mapped[str]
    subject_id: Mapped[str]
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    parent_id: Mapped[str | None]
    amount: Mapped[int]
    currency: Mapped[str]
    state: Mapped[str]
    idempotency_key: Mapped[str]
    request: Mapped[dict[str, Any] | None]
    provider_reference: Mapped[str | None]
    checkout_url: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    requested_by: Mapped[str | None]
    approved_by: Mapped[str | None]
    cancel_requested_by: Mapped[str | None]
    attempts_count: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    requested_at: Mapped[datetime]
    first_sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]


class PaymentReference(Base):
    """A name under which a provider speaks of an operation (session, intent, charge)."""

    __tablename__ = "payment_references"

    gateway: Mapped[str] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(primary_key=True)
    operation_id: Mapped[str]
    organisation_id: Mapped[str]


class PaymentDispute(Base):
    """A payment that the payer's bank took back, pending a decision or decided."""

    __tablename__ = "payment_disputes"

    dispute_id: Mapped[str] = mapped_column(primary_key=True)
    gateway: Mapped[str]
    reference: Mapped[str]
    operation_id: Mapped[str]
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    currency: Mapped[str]
    reason_code: Mapped[str]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class NoticeState(StrEnum):
    """Whether a provider's notice was followed; a dead one waits for a person."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


class PaymentEvent(Base):
    """A provider's notice as it came in; the body is kept so that a dead one can be understood."""

    __tablename__ = "payment_events"

    notice_id: Mapped[str] = mapped_column(primary_key=True)
    gateway: Mapped[str]
    event_id: Mapped[str]
    event_type: Mapped[str]
    subject: Mapped[dict[str, Any] | None]
    body: Mapped[bytes]
    state: Mapped[str]
    attempts_count: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class PaymentMovement(Base):
    """One line of a provider's account statement and what explains it; append-only."""

    __tablename__ = "payment_movements"

    movement_id: Mapped[str] = mapped_column(primary_key=True)
    gateway: Mapped[str]
    reference: Mapped[str]
    kind: Mapped[str]
    source: Mapped[str | None]
    amount: Mapped[int]
    fee_amount: Mapped[int]
    currency: Mapped[str]
    explained_by: Mapped[str]
    occurred_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class PaymentFinding(Base):
    """Something that does not agree between a provider and us, until it does again."""

    __tablename__ = "payment_findings"

    finding_id: Mapped[str] = mapped_column(primary_key=True)
    gateway: Mapped[str]
    rule: Mapped[str]
    subject: Mapped[str]
    expected_amount: Mapped[int]
    found_amount: Mapped[int]
    currency: Mapped[str]
    detail: Mapped[str]
    seen_count: Mapped[int]
    found_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None]


class AccountState(StrEnum):
    """How far a supplier's account at a provider has come."""

    PLANNED = "planned"
    SENT = "sent"
    ONBOARDING = "onboarding"
    READY = "ready"
    REJECTED = "rejected"
    """It was opened, and the provider wants no more of it; only the provider undoes that."""
    FAILED = "failed"
    """It was never opened."""


class PayoutAccount(Base):
    """A supplier's account at a provider, to which payouts go."""

    __tablename__ = "payout_accounts"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[OrganisationId] = mapped_column(Text)
    gateway: Mapped[str]
    state: Mapped[str]
    idempotency_key: Mapped[str]
    request: Mapped[dict[str, Any]]
    provider_reference: Mapped[str | None]
    requirements: Mapped[list[str]]
    reason_code: Mapped[str | None]
    requested_by: Mapped[str]
    attempts_count: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    requested_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    due_at: Mapped[datetime | None]


class PaymentSweep(Base):
    """How far a provider's account statement has been read."""

    __tablename__ = "payment_sweeps"

    gateway: Mapped[str] = mapped_column(primary_key=True)
    read_until: Mapped[datetime]
    swept_at: Mapped[datetime]
