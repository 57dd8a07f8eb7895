"""Rows of anchors, of requests for one, and of what the chain last answered."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Anchor(Base):
    """A published head on its way onto the chain; the signed bytes are stored before they leave."""

    __tablename__ = "anchors"

    id: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str]
    chain_id: Mapped[int]
    contract: Mapped[str]
    tree_size: Mapped[int]
    root_hash: Mapped[str]
    state: Mapped[str]
    nonce: Mapped[int]
    raw_transaction: Mapped[bytes]
    transaction_hash: Mapped[str]
    block_number: Mapped[int | None]
    block_hash: Mapped[str | None]
    planned_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    mined_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    lost_reason: Mapped[str | None]


class AnchorRequest(Base):
    """Somebody wants the newest published head on chain without waiting for the interval."""

    __tablename__ = "anchor_requests"

    id: Mapped[str] = mapped_column(primary_key=True)
    requested_by: Mapped[str]
    reason: Mapped[str]
    requested_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class ChainHealth(Base):
    """What the chain last said, and since when it says nothing; one row per log."""

    __tablename__ = "chain_health"

    origin: Mapped[str] = mapped_column(primary_key=True)
    chain_id: Mapped[int]
    genesis_hash: Mapped[str]
    client_version: Mapped[str]
    has_independent_validators: Mapped[bool]
    finality: Mapped[str]
    contract: Mapped[str]
    anchored_size: Mapped[int]
    published_size: Mapped[int]
    answered_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    failures_count: Mapped[int]
    last_error: Mapped[str | None]
