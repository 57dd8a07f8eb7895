"""Reads of anchors: the newest, pages, what evidence bundles carry, and what the chain is worth."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from ledger.log.anchors.errors import NothingAnchored
from ledger.log.anchors.models import Anchor, ChainHealth
from ledger.log.anchors.states import LOST_REASONS, UNDER_WAY, AnchorState, Finding
from ledger.log.sequencing.publication import newest_checkpoint
from ledger.log.storage import shard_heads

NO_CHAIN = "No chain has answered yet: nothing of this log is anchored."
EMBEDDED = (
    "Development chain: integrity only, no independent validators. The exchange runs the only"
    " node, so an anchor here shows that the log was not altered by accident, and nothing about"
    " what the exchange might do on purpose."
)
INDEPENDENT = (
    "Anchors stand on a configured chain. They are worth as much as the independence of its"
    " validators, which this exchange cannot prove; ask them, or run a node."
)

_UNSETTLED = (*UNDER_WAY, AnchorState.MINED)
_ON_CHAIN = (AnchorState.MINED, AnchorState.FINAL)
UNSETTLED_MAX = 100


def list_anchors(session: Session, *, cursor: str | None, limit: int) -> Page[Anchor]:
    """Anchors, newest first; raises `InvalidCursor`."""
    return paginate(session, select(Anchor), key=Anchor.id, cursor=cursor, limit=limit)


def find_newest_anchor(
    session: Session, *states: AnchorState, origin: str | None = None
) -> Anchor | None:
    """The newest anchor in one of the states, of one shard or of any, or None."""
    statement = select(Anchor).where(Anchor.state.in_(states))
    if origin is not None:
        statement = statement.where(Anchor.origin == origin)
    return session.scalars(statement.order_by(Anchor.id.desc()).limit(1)).one_or_none()


def list_unanchored_origins(session: Session) -> list[str]:
    """The open shard, then each closed one whose last checkpoint is not final on chain yet."""
    newest_first = shard_heads.list_heads(session)[::-1]
    closed = [head for head in newest_first[1:] if head.stopped_reason is None]
    unanchored = [head for head in closed if not _is_final(session, head)]
    return [head.origin for head in (*newest_first[:1], *unanchored)]


def _is_final(session: Session, head: shard_heads.Head) -> bool:
    statement = select(Anchor.id).where(
        Anchor.origin == head.origin,
        Anchor.tree_size == head.tree_size,
        Anchor.state == AnchorState.FINAL,
    )
    return session.scalar(statement.limit(1)) is not None


def get_latest_anchor(session: Session) -> Anchor:
    """The newest anchor that is in a block; raises `NothingAnchored`."""
    anchor = find_newest_anchor(session, *_ON_CHAIN)
    if anchor is None:
        raise NothingAnchored
    return anchor


def list_unsettled(session: Session, contract: str, *, contract_size: int) -> list[Anchor]:
    """Up to 100 anchors of a contract whose fate is open, by nonce: the order of their blocks.

    Open again is also that of a final one which the contract, with so many leaves, forgot, and of
    a lost one that may have brought the contract's head, when no other is known to have. When there
    are more than 100, the one under way is among them: until it is settled no other is planned.
    """
    is_open = or_(
        Anchor.state.in_(_UNSETTLED),
        and_(Anchor.state == AnchorState.FINAL, Anchor.tree_size > contract_size),
    )
    if not is_on_chain(session, contract, contract_size):
        is_lost = Anchor.state == AnchorState.LOST
        is_open = or_(is_open, and_(is_lost, Anchor.tree_size == contract_size))
    statement = (
        select(Anchor)
        .where(Anchor.contract == contract, is_open)
        .order_by(Anchor.state.in_(UNDER_WAY).desc(), Anchor.nonce, Anchor.id)
        .limit(UNSETTLED_MAX)
    )
    return sorted(session.scalars(statement), key=lambda anchor: (anchor.nonce, anchor.id))


def find_given_up(session: Session, transaction_hash: str) -> Anchor | None:
    """The lost anchor of the same bytes, locked, or None."""
    statement = select(Anchor).where(
        Anchor.transaction_hash == transaction_hash, Anchor.state == AnchorState.LOST
    )
    return session.scalars(statement.with_for_update()).one_or_none()


def is_on_chain(session: Session, contract: str, size: int) -> bool:
    """Whether an anchor is known that brought the contract its head of that size."""
    statement = select(Anchor.id).where(
        Anchor.contract == contract, Anchor.tree_size == size, Anchor.state.in_(_ON_CHAIN)
    )
    return session.scalar(statement.limit(1)) is not None


def find_last_plan(session: Session, contract: str) -> datetime | None:
    """When an anchor of this contract was last planned.

    A lost one does not count, so that it is replaced at once; one that the contract refused does,
    or a wrong role would spend gas at every look.
    """
    refused = Anchor.lost_reason == LOST_REASONS[Finding.REVERTED]
    return session.scalar(
        select(Anchor.planned_at)
        .where(Anchor.contract == contract, or_(Anchor.state != AnchorState.LOST, refused))
        .order_by(Anchor.planned_at.desc())
        .limit(1)
    )


def is_account_busy(session: Session, contract: str, *, nonce: int, since: datetime) -> bool:
    """Whether another contract's anchor, planned since then, holds the account's next number."""
    statement = select(Anchor.id).where(
        Anchor.contract != contract,
        Anchor.state.in_(UNDER_WAY),
        Anchor.nonce >= nonce,
        Anchor.planned_at > since,
    )
    return session.scalar(statement.limit(1)) is not None


@dataclass(frozen=True)
class ChainStatus:
    """What anybody may know of the chain behind the log; sizes are counts of leaves."""

    trust: str
    has_independent_validators: bool
    published_size: int
    anchored_size: int
    final_size: int
    last_final_at: datetime | None
    last_final_age_seconds: int | None
    signing_stopped: str | None
    chain_id: int | None = None
    client_version: str | None = None
    contract: str | None = None
    finality: str | None = None
    failing_since: datetime | None = None
    last_error: str | None = None
    answered_at: datetime | None = None

    @property
    def unanchored_count(self) -> int:
        """Published leaves that no mined anchor covers."""
        return max(self.published_size - self.anchored_size, 0)


def get_chain_status(session: Session, now: datetime) -> ChainStatus:
    """The chain as the anchorer last saw it; asks no node."""
    health = _find_health(session)
    head = shard_heads.find_newest_head(session)
    origin = None if head is None else head.origin
    final = find_newest_anchor(session, AnchorState.FINAL, origin=origin)
    final_at = final.final_at if final else None
    status = ChainStatus(
        trust=_trust(health),
        has_independent_validators=health is not None and health.has_independent_validators,
        published_size=_published_size(session),
        anchored_size=health.anchored_size if health else 0,
        final_size=final.tree_size if final else 0,
        last_final_at=final_at,
        last_final_age_seconds=int((now - final_at).total_seconds()) if final_at else None,
        signing_stopped=shard_heads.signing_stopped(session),
    )
    return replace(status, **{each: getattr(health, each) for each in _SEEN}) if health else status


_SEEN = (
    "chain_id",
    "client_version",
    "contract",
    "finality",
    "failing_since",
    "last_error",
    "answered_at",
)


def _find_health(session: Session) -> ChainHealth | None:
    head = shard_heads.find_newest_head(session)
    statement = select(ChainHealth)
    if head is not None:
        statement = statement.where(ChainHealth.origin == head.origin)
    newest = statement.order_by(ChainHealth.answered_at.desc()).limit(1)
    return session.scalars(newest).one_or_none()


def _published_size(session: Session) -> int:
    head = shard_heads.find_newest_head(session)
    checkpoint = None if head is None else newest_checkpoint(session, head.shard)
    return checkpoint.tree_size if checkpoint else 0


def _trust(health: ChainHealth | None) -> str:
    if health is None:
        return NO_CHAIN
    return INDEPENDENT if health.has_independent_validators else EMBEDDED


class StoredAnchors:
    """The anchors of this database; satisfies the log's `AnchorSource`."""

    def anchors(self, session: Session, origin: str, limit: int) -> Iterable[dict[str, Any]]:
        """A shard's anchors as ``anchors.json`` of a bundle lists them, newest first."""
        statement = (
            select(Anchor).where(Anchor.origin == origin).order_by(Anchor.id.desc()).limit(limit)
        )
        return [_evidence(anchor) for anchor in session.scalars(statement)]

    def trust(self, session: Session) -> str:
        """In plain words, what the anchors are worth."""
        return _trust(_find_health(session))


def _evidence(anchor: Anchor) -> dict[str, Any]:
    return {
        "chain_id": anchor.chain_id,
        "contract": anchor.contract,
        "tree_size": anchor.tree_size,
        "root_hash": anchor.root_hash,
        "transaction_hash": anchor.transaction_hash,
        "block_number": anchor.block_number,
        "block_hash": anchor.block_hash,
        "raw_transaction": "0x" + anchor.raw_transaction.hex(),
        "status": anchor.state,
    }
