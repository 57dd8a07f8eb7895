"""What the data plane keeps of the consent register."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class CallConsent(Base):
    """A consent that calls may rest on, or may not any more."""

    __tablename__ = "call_consents"

    consent_id: Mapped[str] = mapped_column(primary_key=True)
    listing_code: Mapped[str]
    supplier_id: Mapped[str]
    recipient_id: Mapped[str]
    subject: Mapped[str]
    permitted_purposes: Mapped[list[str]]
    token_hash: Mapped[str]
    state: Mapped[str]
    expires_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class PseudonymKey(Base):
    """A listing's pseudonym key, encrypted."""

    __tablename__ = "pseudonym_keys"

    listing_code: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    key_ciphertext: Mapped[bytes]
    key_context: Mapped[str]
    kept_at: Mapped[datetime]
