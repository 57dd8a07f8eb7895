"""Tables of buyers' acknowledgements."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class AcknowledgementKey(Base):
    """A buyer's public key, as a vkey line; a withdrawn one signs nothing new."""

    __tablename__ = "acknowledgement_keys"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[str]
    vkey: Mapped[str]
    registered_by: Mapped[str]
    registered_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class EvidenceMode(Base):
    """What a licence asks of its buyer against invented calls."""

    __tablename__ = "evidence_modes"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    mode: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class StoredAcknowledgement(Base):
    """A signed acknowledgement as it was received; never changed."""

    __tablename__ = "acknowledgements"

    acknowledgement_id: Mapped[str] = mapped_column(primary_key=True)
    document_hash: Mapped[str]
    licence_id: Mapped[str]
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    key_id: Mapped[str]
    document: Mapped[dict[str, Any]]
    acknowledged_at: Mapped[datetime]
    received_at: Mapped[datetime]


class LaneAcknowledged(Base):
    """How far one lane is acknowledged; the amount at scale 10⁻⁸."""

    __tablename__ = "acknowledged_lanes"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    lane: Mapped[int] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
    n: Mapped[int]
    total_units: Mapped[int]
    total_amount: Mapped[int]
    acknowledgement_id: Mapped[str]
