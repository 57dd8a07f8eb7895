"""Notices, endpoints, deliveries and their attempts as they are stored."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


def secret_context(endpoint_id: str) -> str:
    """What a secret's ciphertext is bound to."""
    return f"webhook_endpoints:{endpoint_id}"


class Notice(Base):
    """One fact told to one organisation; never changed, but for its number in the feed."""

    __tablename__ = "notices"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    notice_type: Mapped[str]
    data: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    number: Mapped[int | None]


class NoticeFeed(Base):
    """The last number that an organisation's feed gave out; numbers are never used again."""

    __tablename__ = "notice_feeds"

    organisation_id: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int]


class WebhookEndpoint(Base):
    """Where an organisation wants to be told; the secrets are encrypted."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    url: Mapped[str]
    description: Mapped[str]
    notice_types: Mapped[list[str]]
    state: Mapped[str]
    disabled_reason: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    secret_ciphertext: Mapped[bytes | None]
    secret_made_at: Mapped[datetime]
    previous_ciphertext: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    pace: Mapped[str]
    failing_since: Mapped[datetime | None]
    last_claimed_at: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    @property
    def is_enabled(self) -> bool:
        """Whether notices are sent here."""
        return self.state == "enabled"

    def switch_on(self) -> None:
        """Start afresh: whatever failed before counts no more."""
        self.state, self.disabled_reason, self.disabled_at = "enabled", None, None
        self.failing_since, self.pace = None, "quick"

    def switch_off(self, reason: str, *, at: datetime) -> None:
        """Send nothing more."""
        self.state, self.disabled_reason, self.disabled_at = "disabled", reason, at


class WebhookDelivery(Base):
    """One notice on its way to one endpoint."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[str] = mapped_column(primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id"))
    organisation_id: Mapped[str]
    notice_id: Mapped[str] = mapped_column(ForeignKey("notices.id"))
    notice_type: Mapped[str]
    state: Mapped[str]
    attempts_count: Mapped[int]
    attempts_before: Mapped[int]
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    retry_until: Mapped[datetime]
    claim: Mapped[str | None]
    last_outcome: Mapped[str | None]
    last_status: Mapped[int | None]
    ended_at: Mapped[datetime | None]

    @property
    def next_attempt_at(self) -> datetime | None:
        """When it is tried next; none once it has ended."""
        return self.due_at if self.state == "waiting" else None

    def wait_again(self, now: datetime, retry_until: datetime) -> None:
        """Be sent now, with the whole time for retries before it; the log of attempts goes on."""
        self.attempts_before = self.attempts_count
        self.state, self.ended_at, self.claim = "waiting", None, None
        self.due_at, self.retry_until = now, retry_until

    @property
    def failures_in_a_row(self) -> int:
        """Attempts since it was queued, or queued again; all of a waiting delivery's failed."""
        return self.attempts_count - self.attempts_before

    def end(self, state: str, *, at: datetime) -> None:
        """Be sent no more."""
        self.state, self.ended_at, self.claim = state, at, None


class WebhookAttempt(Base):
    """One attempt of a delivery; never changed. Of the answer only its status is kept."""

    __tablename__ = "webhook_attempts"

    delivery_id: Mapped[str] = mapped_column(ForeignKey("webhook_deliveries.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    started_at: Mapped[datetime]
    milliseconds: Mapped[int]
    outcome: Mapped[str]
    status: Mapped[int | None]
