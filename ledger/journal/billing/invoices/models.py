"""Tables of invoices, and of which charge stands on which."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.canonical import base64_text
from app.core.db import Base
from app.core.ids import InvoiceId, LicenceId, OrganisationId


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
        return base64_text(self.signature)


class InvoiceLine(Base):
    """Which booked charge stands on which invoice; a charge stands on one."""

    __tablename__ = "invoice_lines"

    transaction_id: Mapped[int] = mapped_column(
        ForeignKey("journal_transactions.transaction_id"), primary_key=True
    )
    invoice_id: Mapped[InvoiceId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
