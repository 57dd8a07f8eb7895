"""The consent register as it is stored: pseudonyms and hashes, nothing that names a person."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ConsentRegister(Base):
    """A product's register: its pseudonym key, and how its mechanism was tried."""

    __tablename__ = "consent_registers"

    product_id: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    listing_code: Mapped[str | None]
    key_ciphertext: Mapped[bytes | None]
    noted_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    test_granted_at: Mapped[datetime | None]
    test_denied_at: Mapped[datetime | None]
    test_withdrawn_at: Mapped[datetime | None]

    @property
    def key_context(self) -> str:
        """What the pseudonym key is encrypted for."""
        return f"pseudonyms:{self.product_id}"

    @property
    def is_tested(self) -> bool:
        """Whether granting, denying and withdrawing were each tried (checklist item I4)."""
        return None not in {self.test_granted_at, self.test_denied_at, self.test_withdrawn_at}


class Consent(Base):
    """One answer of one person about one recipient and purpose."""

    __tablename__ = "consents"

    id: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("consent_registers.product_id"))
    listing_code: Mapped[str | None]
    supplier_id: Mapped[str]
    recipient_id: Mapped[str]
    subject: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[str]
    is_test: Mapped[bool]
    evidence_hash: Mapped[str]
    notice_hash: Mapped[str | None]
    token_hash: Mapped[str | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    reason_code: Mapped[str | None]
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("consent_batches.id"))
    batch_index: Mapped[int | None]


class ConsentBatch(Base):
    """Consents that entered the log together: a tree over the hashes of their tokens."""

    __tablename__ = "consent_batches"

    id: Mapped[str] = mapped_column(primary_key=True)
    root_hash: Mapped[str]
    granted_count: Mapped[int]
    denied_count: Mapped[int]
    batched_at: Mapped[datetime]
