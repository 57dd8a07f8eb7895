"""Tables of the log: entries once written, their positions, tiles, heads and checkpoints."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class LogEntry(Base):
    """One fact, as the leaf bytes that stand in the tree; never changed."""

    __tablename__ = "log_entries"

    arrival: Mapped[int] = mapped_column(primary_key=True)
    leaf_hash: Mapped[bytes] = mapped_column(unique=True)
    body: Mapped[bytes]
    entry_type: Mapped[str]
    licence_id: Mapped[str | None]
    lane: Mapped[int | None]
    n: Mapped[int | None]
    recorded_at: Mapped[datetime]


class LogEntrySubject(Base):
    """What an entry is about, besides its licence, so that an auditor finds it."""

    __tablename__ = "log_entry_subjects"

    subject: Mapped[str] = mapped_column(primary_key=True)
    arrival: Mapped[int] = mapped_column(primary_key=True)


class LogWaiting(Base):
    """An entry without an index yet; held when its lane's predecessor is missing."""

    __tablename__ = "log_waiting"

    arrival: Mapped[int] = mapped_column(primary_key=True)
    licence_id: Mapped[str | None]
    lane: Mapped[int | None]
    n: Mapped[int | None]
    held_since: Mapped[datetime | None]
    held_reason: Mapped[str | None]


class LogHead(Base):
    """The integrated tree of one shard; ``epoch`` counts its advances.

    Once closed it grows no more. ``predecessor`` is the shard that it carries on, as far as that
    one's checkpoint of ``predecessor_size`` leaves.
    """

    __tablename__ = "log_head"

    shard: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(unique=True)
    tree_size: Mapped[int]
    root_hash: Mapped[bytes]
    epoch: Mapped[int]
    integrated_at: Mapped[datetime]
    stopped_reason: Mapped[str | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    predecessor: Mapped[int | None]
    predecessor_size: Mapped[int | None]


class LogPosition(Base):
    """The index of an entry in its shard's tree.

    An entry has one, but for those that stood above the last checkpoint of a shard that was ended:
    they stand in its successor as well, and that is the place which counts.
    """

    __tablename__ = "log_positions"

    shard: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    arrival: Mapped[int]


class LogTile(Base):
    """The hashes of one tile, concatenated, as far as they reach."""

    __tablename__ = "log_tiles"

    shard: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    hashes: Mapped[bytes]


class SignedCheckpoint(Base):
    """A published checkpoint: the signed note and what it says."""

    __tablename__ = "checkpoints"

    shard: Mapped[int] = mapped_column(primary_key=True)
    tree_size: Mapped[int] = mapped_column(primary_key=True)
    root_hash: Mapped[bytes]
    text: Mapped[str]
    signed_at: Mapped[datetime]


class LanePosition(Base):
    """The last sequenced entry of a lane: its n and its index."""

    __tablename__ = "lane_positions"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    lane: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]
    shard: Mapped[int]
    index: Mapped[int]


class LogParties(Base):
    """The two organisations that may read a licence's entries."""

    __tablename__ = "log_parties"

    licence_id: Mapped[str] = mapped_column(primary_key=True)
    buyer_id: Mapped[str]
    supplier_id: Mapped[str]
