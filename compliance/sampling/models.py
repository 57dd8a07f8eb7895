"""Samples and reports as they are stored: commitments, draws and aggregates; no row is kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class QualitySample(Base):
    """A supplier's commitment to the rows of one version, and which of them are looked at."""

    __tablename__ = "quality_samples"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("review_cases.id"))
    version_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    attempt: Mapped[int]
    kind: Mapped[str] = mapped_column(default="FILE")
    rows_root: Mapped[str]
    row_total: Mapped[int]
    declaration: Mapped[dict[str, Any]]
    declaration_hash: Mapped[str]
    state: Mapped[str]
    committed_at: Mapped[datetime]
    drawn_from: Mapped[dict[str, Any] | None]
    drawn_at: Mapped[datetime | None]
    drawn_indexes: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    keys_sealed: Mapped[bytes | None]
    calling_at: Mapped[datetime | None]


class QualityReport(Base):
    """What was measured on one sample, as one document with its hash."""

    __tablename__ = "quality_reports"

    id: Mapped[str] = mapped_column(primary_key=True)
    sample_id: Mapped[str] = mapped_column(ForeignKey("quality_samples.id"))
    version_id: Mapped[str]
    supplier_id: Mapped[str]
    listing_code: Mapped[str]
    grade: Mapped[str | None]
    document: Mapped[dict[str, Any]]
    document_hash: Mapped[str]
    reported_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    is_public: Mapped[bool]
