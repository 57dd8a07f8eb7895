"""Reads of witnesses: cosigned notes, witnessed heads, and how each witness fares."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.log.models import SignedCheckpoint
from ledger.log.witnesses.models import (
    CheckpointCosignature,
    WitnessedCheckpoint,
    WitnessStanding,
)
from ledger.log.witnesses.policy import WitnessPolicy


@dataclass(frozen=True)
class WitnessView:
    """One witness: what it last cosigned, and whether it fails now."""

    name: str
    key: str
    cosigned_size: int | None
    cosigned_at: datetime | None
    failing_since: datetime | None
    last_failure: str | None


@dataclass(frozen=True)
class WitnessStatus:
    """What the heads rest on besides the exchange: how many are needed, and what they cosigned."""

    needed: int
    witnessed_size: int | None
    witnessed_at: datetime | None
    witnesses: list[WitnessView]

    @property
    def in_words(self) -> str:
        """The same in a sentence, for people; it promises nothing that is not there."""
        if not self.needed:
            return "not witnessed: no outside party cosigns the checkpoints"
        told = f"{self.needed} of {len(self.witnesses)} outside parties are needed"
        if self.witnessed_size is None:
            return f"not witnessed yet: {told}"
        return f"witnessed up to size {self.witnessed_size}: {told}"


def cosigned_note(session: Session, checkpoint: SignedCheckpoint) -> str:
    """The checkpoint's note with every cosignature that was received for it."""
    lines = session.scalars(
        select(CheckpointCosignature.line)
        .where(
            CheckpointCosignature.shard == checkpoint.shard,
            CheckpointCosignature.tree_size == checkpoint.tree_size,
        )
        .order_by(CheckpointCosignature.witness)
    )
    return checkpoint.text + "".join(lines)


def find_witnessed(session: Session, shard: int) -> SignedCheckpoint | None:
    """The newest checkpoint that enough witnesses cosigned."""
    return session.scalars(
        select(SignedCheckpoint)
        .join(
            WitnessedCheckpoint,
            (WitnessedCheckpoint.shard == SignedCheckpoint.shard)
            & (WitnessedCheckpoint.tree_size == SignedCheckpoint.tree_size),
        )
        .where(SignedCheckpoint.shard == shard)
        .order_by(SignedCheckpoint.tree_size.desc())
        .limit(1)
    ).one_or_none()


def get_witness_status(session: Session, shard: int | None, policy: WitnessPolicy) -> WitnessStatus:
    """How the policy's witnesses fare with a shard; ``shard`` is None before the first leaf."""
    newest = None
    if shard is not None:
        newest = session.scalars(
            select(WitnessedCheckpoint)
            .where(WitnessedCheckpoint.shard == shard)
            .order_by(WitnessedCheckpoint.tree_size.desc())
            .limit(1)
        ).one_or_none()
    return WitnessStatus(
        needed=policy.needed,
        witnessed_size=None if newest is None else newest.tree_size,
        witnessed_at=None if newest is None else newest.witnessed_at,
        witnesses=[
            _view(session, shard, witness.name, witness.key.text) for witness in policy.witnesses
        ],
    )


def _view(session: Session, shard: int | None, name: str, key: str) -> WitnessView:
    last = session.scalars(
        select(CheckpointCosignature)
        .where(CheckpointCosignature.shard == shard, CheckpointCosignature.witness == key)
        .order_by(CheckpointCosignature.tree_size.desc())
        .limit(1)
    ).one_or_none()
    standing = None if shard is None else session.get(WitnessStanding, (shard, key))
    return WitnessView(
        name,
        key,
        None if last is None else last.tree_size,
        None if last is None else last.cosigned_at,
        None if standing is None else standing.failing_since,
        None if standing is None else standing.last_failure,
    )
