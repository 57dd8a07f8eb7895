"""What grants access as it is stored: sessions, tokens, second factors, attempts, API keys."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.accounts.throttling import Attempts
from app.core.db import Base


class SignInAttempts(Base):
    """What is remembered of an address that tries to sign in, known here or not."""

    __tablename__ = "sign_in_attempts"

    email_hash: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]

    @property
    def value(self) -> Attempts:
        """The same as a plain value."""
        return Attempts(self.count, self.last_at, self.locked_until)

    def become(self, attempts: Attempts) -> None:
        """Take over a plain value."""
        self.count, self.last_at = attempts.count, attempts.last_at
        self.locked_until = attempts.locked_until


class SecondFactor(Base):
    """A person's authenticator; secrets are encrypted, a new one waits until it is confirmed."""

    __tablename__ = "second_factors"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    secret_ciphertext: Mapped[bytes | None]
    pending_ciphertext: Mapped[bytes | None]
    last_step: Mapped[int | None]
    confirmed_at: Mapped[datetime | None]


class AccessReset(Base):
    """A person's way back in without password and authenticator: asked for, issued, used once."""

    __tablename__ = "access_resets"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    reason: Mapped[str]
    asked_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    issued_at: Mapped[datetime | None]
    token_hash: Mapped[str | None]
    expires_at: Mapped[datetime]
    """Of the proposal, and from the issue on of the link."""
    used_at: Mapped[datetime | None]

    def state(self, now: datetime) -> str:
        """``proposed``, ``issued``, ``used`` or ``expired``."""
        if self.used_at is not None:
            return "used"
        if self.expires_at <= now:
            return "expired"
        return "proposed" if self.issued_at is None else "issued"


class SignedInSession(Base):
    """One sign-in and everything refreshed from it: the family of its refresh tokens."""

    __tablename__ = "signed_in_sessions"

    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    has_second_factor: Mapped[bool]
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]

    def is_open(self, now: datetime) -> bool:
        """Whether tokens of this session still count."""
        return self.ended_at is None and self.expires_at > now

    def end(self, reason: str, *, at: datetime) -> None:
        """Close it once; a second closing keeps the first reason."""
        if self.ended_at is None:
            self.ended_at, self.end_reason = at, reason


class RefreshToken(Base):
    """One refresh token, by hash; it is good for one refresh."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("signed_in_sessions.id"))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    rotated_at: Mapped[datetime | None]


class HeldLicence(Base):
    """What this room was told of a licence: whose it is and when it ends."""

    __tablename__ = "held_licences"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    # No foreign key: the licence is another room's, and so is the order in which we hear of it.
    organisation_id: Mapped[str]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    def is_over(self, now: datetime) -> bool:
        """Whether it ended by time or by revocation."""
        return self.ended_at is not None or self.ends_at <= now


class ApiKey(Base):
    """A machine's key for the calls of one licence; the secret is known to its holder only."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    licence_id: Mapped[str] = mapped_column(ForeignKey("held_licences.licence_id"))
    name: Mapped[str]
    hint: Mapped[str] = mapped_column("prefix")
    """What its holder recognises it by: the characters behind the mark."""
    secret_hash: Mapped[str]
    networks: Mapped[list[str]]
    calls_per_second: Mapped[int | None]
    issued_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    rotated_to: Mapped[str | None] = mapped_column(ForeignKey("api_keys.id"))

    def state(self, now: datetime) -> str:
        """``live``, ``rotated`` (still good for the overlap), ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        return "live" if self.rotated_to is None else "rotated"


class CollectorKey(Base):
    """The key of a system that collects consents; its successors stand for the same collector."""

    __tablename__ = "collector_keys"

    id: Mapped[str] = mapped_column(primary_key=True)
    collector_id: Mapped[str]
    """Who records consents, whatever key it shows: stays the same through rotations."""
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str]
    hint: Mapped[str] = mapped_column("prefix")
    """What its holder recognises it by: the characters behind the mark."""
    secret_hash: Mapped[str]
    networks: Mapped[list[str]]
    requests_per_minute: Mapped[int]
    issued_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    rotated_to: Mapped[str | None] = mapped_column(ForeignKey("collector_keys.id"))
    last_used_at: Mapped[datetime | None]

    def state(self, now: datetime) -> str:
        """``live``, ``rotated`` (still good for the overlap), ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        return "live" if self.rotated_to is None else "rotated"

    def is_usable(self, now: datetime) -> bool:
        """Whether a request with it is let in."""
        return self.state(now) in {"live", "rotated"}
