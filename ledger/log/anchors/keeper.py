"""Brings published heads onto the chain, one at a time, and follows each to its end.

Every look reads the contract's head first: what the contract holds is a published head of this
log, or signing stops. Nothing queues up while the chain is away, because the next anchor covers
everything since the last; and no client ever waits for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.errors import CounterfoilError, ErrorKind
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.log.anchors.chain_ports import AnchorRegistry, ContractHead, TransactionStatus
from ledger.log.anchors.chain_watch import ChainWatch
from ledger.log.anchors.models import Anchor
from ledger.log.anchors.queries import (
    find_given_up,
    find_last_plan,
    is_account_busy,
    is_on_chain,
    list_unsettled,
)
from ledger.log.anchors.requests import RequestBook, answer
from ledger.log.anchors.states import (
    ANCHOR_STATES,
    IN_A_BLOCK,
    LOST_REASONS,
    MISSING_MAX,
    UNDER_WAY,
    AnchorPolicy,
    AnchorState,
    Finding,
    Sight,
    Unanchored,
    find,
    is_due,
)
from ledger.log.sequencing.publication import PublishedHead, newest_checkpoint, stop_if_behind
from ledger.log.storage import shard_heads, stored_tiles
from ledger.log.tree.merkle import make_consistency_proof

CONTRACT_SOURCE = "the anchor contract"
_OUTAGES = (ErrorKind.UNAVAILABLE, ErrorKind.BAD_GATEWAY)
_TURN = timedelta(minutes=10)
"""How long another shard's anchor may hold the account up; then it is taken for forgotten."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class PlannedHead:
    """A published head and its proof from the contract's head (RFC 9162 section 2.1.4)."""

    size: int
    root: bytes
    proof: list[bytes]


class AnchorKeeper:
    """The one anchorer of a log; `look` is its timed step and never raises for an outage."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        origin: str,
        registry: AnchorRegistry,
        policy: AnchorPolicy,
    ) -> None:
        self._units = units
        self._origin = origin
        self._registry = registry
        self._policy = policy
        self._requests = RequestBook()
        self._answered: list[str] = []
        """The requests that the head which is due now answers."""
        self._watch = ChainWatch(units, origin, registry)

    def look(self) -> bool:
        """See what became of the open anchors, and anchor the newest head if that is due.

        Whether a head was anchored. A contract head that this log does not begin with stops the
        signing of checkpoints.
        """
        now = self._units.clock.now()
        if self._watch.is_paused(now):
            return False
        try:
            return self._look()
        except CounterfoilError as failure:
            if failure.kind not in _OUTAGES:
                raise
            self._watch.note_failure(failure, now)
            return False

    def _look(self) -> bool:
        # First, so that every head published later than this reading can only be larger.
        contract_head = self._registry.head()
        if contract_head.size:
            known = PublishedHead(CONTRACT_SOURCE, contract_head.size, contract_head.root)
            stop_if_behind(self._units, self._origin, [known])
        open_states = self._settle_open(contract_head)
        if open_states:  # settling may have sent bytes again, and a block may have taken them
            contract_head = self._registry.head()
        is_under_way = any(state in UNDER_WAY for state in open_states)
        has_anchored = not is_under_way and self._anchor_if_due(contract_head)
        if has_anchored:
            contract_head = self._registry.head()
        self._watch.note_answer(contract_head)
        return has_anchored

    # Following

    def _settle_open(self, contract_head: ContractHead) -> list[str]:
        """Settle what can be settled; the states of the anchors that were open."""
        with self._units.begin(Reach.EXCHANGE) as uow:
            unsettled = list_unsettled(
                uow.session, self._registry.contract, contract_size=contract_head.size
            )
        return [self._settle(anchor, contract_head) for anchor in unsettled]

    def _settle(self, anchor: Anchor, contract_head: ContractHead) -> str:
        mined_nonce = self._registry.mined_nonce()
        status = self._registry.status(anchor.transaction_hash)
        if anchor.state == AnchorState.LOST and status.state not in IN_A_BLOCK:
            return anchor.state
        is_head = (contract_head.size, contract_head.root.hex()) == (
            anchor.tree_size,
            anchor.root_hash,
        )
        # One that a re-organisation took out of its block gets its chance before it is given up.
        since = anchor.planned_at if anchor.mined_at is None else self._units.clock.now()
        age = self._units.clock.now() - since
        is_outbid = (
            status.state == "pending"
            and age > MISSING_MAX
            and self._registry.is_outbid(anchor.raw_transaction)
        )
        finding = find(Sight(status.state, anchor.nonce, mined_nonce, is_head, age, is_outbid))
        if finding is Finding.MISSING:
            finding, status = self._send_again(anchor)
        return self._store(anchor, finding, status)

    def _send_again(self, anchor: Anchor) -> tuple[Finding, TransactionStatus]:
        self._registry.send(anchor.raw_transaction)
        status = self._registry.status(anchor.transaction_hash)
        is_known = status.state not in ("unknown", "pending")
        return (Finding(status.state) if is_known else Finding.WAITS), status

    def _store(self, seen: Anchor, finding: Finding, status: TransactionStatus) -> str:
        with self._units.begin(Reach.EXCHANGE) as uow:
            anchor = uow.session.get_one(Anchor, seen.id, with_for_update=True)
            before = anchor.state
            was_final = before == AnchorState.FINAL
            is_settled_since = was_final and seen.state != AnchorState.FINAL
            if is_settled_since or not _may_move(uow.session, anchor, finding):
                return before
            _apply(anchor, finding, status, uow.now)
            try:
                uow.commit()
            except IntegrityError:
                return before  # out of its block while another is under way, which goes first
            if anchor.state != before:
                _log.info("anchor", id=anchor.id, state=anchor.state, size=anchor.tree_size)
            if was_final and anchor.state != AnchorState.FINAL:
                _log.error("final_anchor_left_the_chain", id=anchor.id, size=anchor.tree_size)
            return anchor.state

    # Anchoring

    def _anchor_if_due(self, contract_head: ContractHead) -> bool:
        with self._units.begin(Reach.EXCHANGE) as uow:
            head = self._due_head(uow, contract_head)
            uow.commit()
        if head is None:
            return False
        nonce = self._registry.mined_nonce()
        if self._is_account_busy(nonce):
            return False
        signed = self._registry.sign_anchor(
            size=head.size, root=head.root, proof=head.proof, nonce=nonce
        )
        anchor = Anchor(
            origin=self._origin,
            chain_id=self._registry.facts.chain_id,
            contract=self._registry.contract,
            tree_size=head.size,
            root_hash=head.root.hex(),
            state=AnchorState.PLANNED,
            nonce=signed.nonce,
            raw_transaction=signed.raw,
            transaction_hash=signed.transaction_hash,
        )
        # Stored before it is sent: whoever dies in between sends the same bytes again.
        if not self._plan(anchor):
            return False
        self._settle(anchor, contract_head)
        return True

    def _is_account_busy(self, nonce: int) -> bool:
        """Two shards have two contracts and one account: at the year's turn they take turns."""
        with self._units.begin(Reach.EXCHANGE) as uow:
            since = uow.now - _TURN
            return is_account_busy(uow.session, self._registry.contract, nonce=nonce, since=since)

    def _due_head(self, uow: UnitOfWork, contract_head: ContractHead) -> PlannedHead | None:
        session = uow.session
        head = shard_heads.find_head(session, self._origin)
        if head is None or head.stopped_reason is not None:
            return None
        published = newest_checkpoint(session, head.shard)
        if published is None:
            return None
        # A closed shard's last head goes at once; requests are about the open one.
        sizes = {"head_size": head.tree_size, "published_size": published.tree_size}
        self._answered = [] if head.is_closed else self._requests.ripe(session, **sizes)
        unanchored = Unanchored(
            published.tree_size - contract_head.size,
            find_last_plan(session, self._registry.contract),
            head.is_closed or bool(self._answered),
        )
        if not is_due(self._policy, unanchored, uow.now):
            if unanchored.leaves == 0:
                answer(session, self._answered, at=uow.now)
            return None
        read = stored_tiles.stored_nodes(session, head.shard)
        proof = make_consistency_proof(read, contract_head.size, published.tree_size)
        return PlannedHead(published.tree_size, published.root_hash, proof)

    def _plan(self, anchor: Anchor) -> bool:
        """Store the plan; False when another process has one under way."""
        with self._units.begin(Reach.EXCHANGE) as uow:
            anchor.id, anchor.planned_at = uow.ids.new("anc"), uow.now
            answer(uow.session, self._answered, at=uow.now)
            given_up = find_given_up(uow.session, anchor.transaction_hash)
            if given_up is None:
                uow.session.add(anchor)
            else:
                anchor.id = given_up.id
                _open_again(given_up, uow.now)
            try:
                uow.commit()
            except IntegrityError:
                return False
            return True


def _open_again(anchor: Anchor, now: datetime) -> None:
    anchor.state = ANCHOR_STATES.next(anchor.state, Finding.MISSING)
    anchor.planned_at, anchor.lost_at, anchor.lost_reason = now, None, None


def _may_move(session: Session, anchor: Anchor, finding: Finding) -> bool:
    """A lost one moves only when it is seen to have brought its head: no other one did."""
    if anchor.state != AnchorState.LOST:
        return True
    return finding in IN_A_BLOCK and not is_on_chain(session, anchor.contract, anchor.tree_size)


def _apply(anchor: Anchor, finding: Finding, status: TransactionStatus, now: datetime) -> None:
    anchor.state = ANCHOR_STATES.next(anchor.state, finding)
    if anchor.state in (AnchorState.MINED, AnchorState.FINAL):
        anchor.block_number, anchor.block_hash = status.block_number, status.block_hash
        anchor.mined_at = anchor.mined_at or now
    is_lost = anchor.state == AnchorState.LOST
    anchor.lost_at, anchor.lost_reason = (now, LOST_REASONS[finding]) if is_lost else (None, None)
    if anchor.state in UNDER_WAY:
        anchor.block_number = anchor.block_hash = anchor.mined_at = None
    if anchor.state not in (AnchorState.PLANNED, AnchorState.LOST):
        anchor.sent_at = anchor.sent_at or now
    anchor.final_at = (anchor.final_at or now) if anchor.state == AnchorState.FINAL else None
