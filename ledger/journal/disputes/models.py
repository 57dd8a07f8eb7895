"""Tables of disputes and their calls."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import InvoiceId, LicenceId, OrganisationId, PersonId
from ledger.journal.ids import CreditId, DisputeId


class Dispute(Base):
    """A buyer's claim that calls were charged wrongly; texts are for the parties alone."""

    __tablename__ = "disputes"

    dispute_id: Mapped[DisputeId] = mapped_column(Text, primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    currency: Mapped[str]
    reason_code: Mapped[str]
    text: Mapped[str]
    bundle: Mapped[dict[str, Any]]
    bundle_hash: Mapped[str]
    claimed_amount: Mapped[int]
    accepted_amount: Mapped[int | None]
    state: Mapped[str]
    decision: Mapped[str | None]
    opened_by: Mapped[PersonId] = mapped_column(Text)
    opened_at: Mapped[datetime]
    answer_until_at: Mapped[datetime]
    answered_by: Mapped[PersonId | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answer_text: Mapped[str | None]
    decided_by: Mapped[PersonId | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None]
    decision_text: Mapped[str | None]
    credit_id: Mapped[CreditId | None] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None]


class DisputeCall(Base):
    """One disputed call: what the log says of it, and whether the claim was accepted."""

    __tablename__ = "dispute_calls"

    dispute_id: Mapped[DisputeId] = mapped_column(Text, primary_key=True)
    lane: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    licence_id: Mapped[LicenceId] = mapped_column(Text)
    buyer_id: Mapped[OrganisationId] = mapped_column(Text)
    supplier_id: Mapped[OrganisationId] = mapped_column(Text)
    finding: Mapped[str]
    detail: Mapped[str]
    receipt: Mapped[dict[str, Any] | None]
    leaf_hash: Mapped[str | None]
    invoice_id: Mapped[InvoiceId | None] = mapped_column(Text)
    total_amount_before: Mapped[int]
    amount: Mapped[int]
    is_live: Mapped[bool]
    is_accepted: Mapped[bool | None]
