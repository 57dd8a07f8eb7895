"""Anchors as decisions: what follows from what the chain says, and when a new one is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.states import Transitions


class AnchorState(StrEnum):
    """Where a head is on its way onto the chain."""

    PLANNED = "planned"
    SENT = "sent"
    MINED = "mined"
    FINAL = "final"
    LOST = "lost"


UNDER_WAY = (AnchorState.PLANNED, AnchorState.SENT)


class Finding(StrEnum):
    """What a look at the chain shows of an anchor's transaction."""

    WAITS = "waits"
    MISSING = "missing"
    MINED = "mined"
    FINAL = "final"
    REVERTED = "reverted"
    OVERTAKEN = "overtaken"
    EXPIRED = "expired"


LOST_REASONS = {
    Finding.REVERTED: "the contract refused it",
    Finding.OVERTAKEN: "its nonce went to another transaction",
    Finding.EXPIRED: "no node would mine it",
}

ANCHOR_STATES = Transitions(
    {
        (AnchorState.PLANNED, Finding.WAITS): AnchorState.SENT,
        (AnchorState.PLANNED, Finding.MISSING): AnchorState.PLANNED,
        (AnchorState.PLANNED, Finding.MINED): AnchorState.MINED,
        (AnchorState.PLANNED, Finding.FINAL): AnchorState.FINAL,
        (AnchorState.PLANNED, Finding.REVERTED): AnchorState.LOST,
        (AnchorState.PLANNED, Finding.OVERTAKEN): AnchorState.LOST,
        (AnchorState.PLANNED, Finding.EXPIRED): AnchorState.LOST,
        (AnchorState.SENT, Finding.WAITS): AnchorState.SENT,
        (AnchorState.SENT, Finding.MISSING): AnchorState.PLANNED,
        (AnchorState.SENT, Finding.MINED): AnchorState.MINED,
        (AnchorState.SENT, Finding.FINAL): AnchorState.FINAL,
        (AnchorState.SENT, Finding.REVERTED): AnchorState.LOST,
        (AnchorState.SENT, Finding.OVERTAKEN): AnchorState.LOST,
        (AnchorState.SENT, Finding.EXPIRED): AnchorState.LOST,
        (AnchorState.MINED, Finding.MINED): AnchorState.MINED,
        (AnchorState.MINED, Finding.FINAL): AnchorState.FINAL,
        (AnchorState.FINAL, Finding.FINAL): AnchorState.FINAL,
        # A re-organisation deeper than the finality that is configured: likewise.
        (AnchorState.FINAL, Finding.MINED): AnchorState.MINED,
        (AnchorState.FINAL, Finding.WAITS): AnchorState.SENT,
        (AnchorState.FINAL, Finding.MISSING): AnchorState.PLANNED,
        (AnchorState.FINAL, Finding.REVERTED): AnchorState.LOST,
        (AnchorState.FINAL, Finding.OVERTAKEN): AnchorState.LOST,
        (AnchorState.FINAL, Finding.EXPIRED): AnchorState.LOST,
        # A re-organisation took the block: the same bytes wait again, are missing, or are dead.
        (AnchorState.MINED, Finding.WAITS): AnchorState.SENT,
        (AnchorState.MINED, Finding.MISSING): AnchorState.PLANNED,
        (AnchorState.MINED, Finding.REVERTED): AnchorState.LOST,
        (AnchorState.MINED, Finding.OVERTAKEN): AnchorState.LOST,
        (AnchorState.MINED, Finding.EXPIRED): AnchorState.LOST,
        # Given up too early: a node kept the bytes, and a block took them after all.
        (AnchorState.LOST, Finding.MINED): AnchorState.MINED,
        (AnchorState.LOST, Finding.FINAL): AnchorState.FINAL,
        # Signed anew while the price of gas is the same: the same bytes, and so the same anchor.
        (AnchorState.LOST, Finding.MISSING): AnchorState.PLANNED,
    }
)


@dataclass(frozen=True)
class Sight:
    """A look at the chain: the transaction's state, and what else tells whether it can still come.

    ``mined_nonce`` is read before the state: read after it, a transaction mined in between would
    look overtaken. ``age`` is how long the transaction has been without a block.
    """

    transaction_state: str
    nonce: int
    mined_nonce: int
    is_contract_head: bool
    age: timedelta
    is_outbid: bool = False
    """Gas costs so much more by now that a node would take another transaction in its place."""


IN_A_BLOCK = (Finding.MINED, Finding.FINAL)

MISSING_MAX = timedelta(minutes=10)
"""Bytes that no node keeps for so long, that wait behind a missing nonce, or that offer too little
for gas, are signed anew."""


def find(sight: Sight) -> Finding:
    """What a look at the chain means for an anchor."""
    if sight.transaction_state == "pending":
        is_passed_over = sight.nonce > sight.mined_nonce or sight.is_outbid
        is_blocked = is_passed_over and sight.age > MISSING_MAX
        return Finding.EXPIRED if is_blocked else Finding.WAITS
    if sight.transaction_state != "unknown":
        return Finding(sight.transaction_state)
    if sight.is_contract_head and sight.age <= MISSING_MAX:
        # It is there, and the node that answered is behind another one; but not for so long: then
        # another transaction brought the same head.
        return Finding.WAITS
    if sight.nonce < sight.mined_nonce:
        return Finding.OVERTAKEN
    return Finding.EXPIRED if sight.age > MISSING_MAX else Finding.MISSING


@dataclass(frozen=True)
class AnchorPolicy:
    """How long, and how many leaves, a published head may stay unanchored."""

    interval_seconds: float = 600
    leaves_max: int = 100_000


@dataclass(frozen=True)
class Unanchored:
    """The published leaves above the contract's head, and how long the last plan is ago."""

    leaves: int
    planned_at: datetime | None
    is_requested: bool


def is_due(policy: AnchorPolicy, unanchored: Unanchored, now: datetime) -> bool:
    """Whether to anchor now: something is new, and it is asked for, much, or old enough."""
    if unanchored.leaves <= 0:
        return False
    if unanchored.is_requested or unanchored.planned_at is None:
        return True
    waited = now - unanchored.planned_at
    is_old = waited >= timedelta(seconds=policy.interval_seconds)
    return is_old or unanchored.leaves >= policy.leaves_max


_BACK_OFF_FIRST_SECONDS = 1
_BACK_OFF_MAX_SECONDS = 60
_DOUBLINGS_MAX = 6


def back_off_seconds(failures_count: int) -> int:
    """The pause after that many failures in a row: doubling from 1 s, never above 60 s."""
    assert failures_count > 0, "a pause follows a failure"
    doublings = min(failures_count - 1, _DOUBLINGS_MAX)
    return min(_BACK_OFF_FIRST_SECONDS << doublings, _BACK_OFF_MAX_SECONDS)
