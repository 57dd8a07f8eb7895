"""Tables of credits and of what they correct."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import LicenceId, OrganisationId
from ledger.journal.ids import CreditId


class Credit(Base):
    """An amount given back; numbered without a gap within its licence, immutable."""

    __tablename__ = "credits"

    credit_id: Mapped[CreditId] = mapped_column(Text, primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    n: Mapped[int]
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    amount: Mapped[int]
    total_amount: Mapped[int]
    currency: Mapped[str]
    reason_code: Mapped[str]
    corrects_hash: Mapped[str]
    document: Mapped[dict[str, Any]]
    note_hash: Mapped[str]
    given_at: Mapped[datetime]


class CreditItem(Base):
    """One charge that a credit corrects, and how much of it was given back."""

    __tablename__ = "credit_items"

    credit_id: Mapped[CreditId] = mapped_column(Text, primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    kind: Mapped[str]
    reference: Mapped[str]
    charged_amount: Mapped[int]
    amount: Mapped[int]
