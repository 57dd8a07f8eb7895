"""Tables of witnesses: cosignatures, which heads are witnessed, and how each witness fares."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class CheckpointCosignature(Base):
    """One witness's verified line under one checkpoint; never changed."""

    __tablename__ = "checkpoint_cosignatures"

    shard: Mapped[int] = mapped_column(primary_key=True)
    tree_size: Mapped[int] = mapped_column(primary_key=True)
    witness: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str]
    cosigned_at: Mapped[datetime]
    received_at: Mapped[datetime]


class WitnessedCheckpoint(Base):
    """A checkpoint that as many witnesses had cosigned as the policy of that day needed."""

    __tablename__ = "witnessed_checkpoints"

    shard: Mapped[int] = mapped_column(primary_key=True)
    tree_size: Mapped[int] = mapped_column(primary_key=True)
    needed: Mapped[int]
    witnessed_at: Mapped[datetime]


class WitnessStanding(Base):
    """How one witness fares: the size that it goes on from, and since when it fails, and how."""

    __tablename__ = "witness_standings"

    shard: Mapped[int] = mapped_column(primary_key=True)
    witness: Mapped[str] = mapped_column(primary_key=True)
    known_size: Mapped[int]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    failures_count: Mapped[int]
    failing_since: Mapped[datetime | None]
    last_failure: Mapped[str | None]
