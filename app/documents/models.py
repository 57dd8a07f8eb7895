"""The one table of this room."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.documents.kinds import kind_of


class Document(Base):
    """A document of an organisation's, encrypted, known by its hash."""

    __tablename__ = "documents"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    document_hash: Mapped[str]
    """SHA-256 in lower-case hexadecimal; once an organisation."""
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sealed: Mapped[bytes] = mapped_column(deferred=True)
    """Nonce and ciphertext, read only by whoever opens it."""
    sent_by: Mapped[str] = mapped_column(ForeignKey("people.id"))
    sent_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    """When somebody of the exchange, or of a licence's other party, first opened it."""

    @property
    def context(self) -> str:
        """What the ciphertext is bound to, so that it cannot be another document's."""
        return f"document:{self.organisation_id}:{self.document_hash}"

    @property
    def file_name(self) -> str:
        """What it is saved as: its hash, and the ending of its kind."""
        return f"{self.document_hash}.{kind_of(self.media_type).ending}"
