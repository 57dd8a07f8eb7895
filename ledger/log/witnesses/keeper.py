"""Asks one witness to cosign the newest checkpoint, and keeps what it signed.

Each witness has a keeper and a thread of its own, so that one that hangs holds up no other. No
client waits for a witness: a checkpoint is published first and gains cosignatures afterwards.
A witness's unsigned word never stops the log. What it says against the log (a larger size, another
root, a broken consistency) is kept as its failure and shown; the evidence, two notes under the
log's signature, is in the witness's hands.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory
from ledger.log.errors import EvidenceRefused
from ledger.log.models import SignedCheckpoint
from ledger.log.sequencing.publication import newest_checkpoint
from ledger.log.storage import shard_heads, stored_tiles
from ledger.log.tree.merkle import make_consistency_proof
from ledger.log.witnesses.cosignatures import (
    Cosignature,
    parse_known_size,
    read_cosignature,
    write_request,
)
from ledger.log.witnesses.models import (
    CheckpointCosignature,
    WitnessedCheckpoint,
    WitnessStanding,
)
from ledger.log.witnesses.policy import Witness, WitnessPolicy, pause_seconds
from ledger.log.witnesses.ports import WitnessAnswer, WitnessClient, WitnessUnreachable

COSIGNED, NOT_SIGNED, UNKNOWN_LOG, CONFLICT, INCONSISTENT = 200, 403, 404, 409, 422
AHEAD = "it claims to have cosigned a larger tree than there is"
FORKED = "it claims to have cosigned another root for this size"
CONFUSED = "it names the size that it was asked from"
WAVERS = "it names another size each time that it is asked"
BROKEN = "it does not find this tree to extend the one it cosigned"
ALARMS = (AHEAD, FORKED, BROKEN)
"""What speaks against the log, unlike a witness that is away: a person has to look."""
_FAILURE_MAX = 200
SHARDS_ASKED = 2
"""The open shard and the one that it carries on."""
_log = structlog.get_logger("witnesses")


@dataclass(frozen=True)
class Question:
    """What a witness is asked, and about which checkpoint."""

    shard: int
    tree_size: int
    note: str
    old_size: int
    body: bytes


class WitnessKeeper:
    """The keeper of one witness; `look` is its timed step and never raises for an outage."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        client: WitnessClient,
        *,
        witness: Witness,
        policy: WitnessPolicy,
    ) -> None:
        self._units, self._client = units, client
        self._witness, self._policy = witness, policy

    def look(self) -> bool:
        """Ask about the newest checkpoint if that is due; whether it was asked."""
        question = self._question()
        if question is None:
            return False
        try:
            answer = self._client.add_checkpoint(self._witness.url, question.body)
            self._take(question, answer)
        except (WitnessUnreachable, EvidenceRefused) as failure:
            self._note_failure(question, str(failure))
        return True

    def _question(self) -> Question | None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            newest = self._due_checkpoint(uow)
            if newest is None:
                return None
            standing = self._standing(uow, newest.shard)
            known = 0 if standing is None else standing.known_size
            # Beyond our own tree nothing can be proved; asking from nothing hears its size again.
            old_size = known if known <= newest.tree_size else 0
            proof: list[bytes] = []
            if 0 < old_size < newest.tree_size:
                read = stored_tiles.stored_nodes(uow.session, newest.shard)
                proof = make_consistency_proof(read, old_size, newest.tree_size)
        body = write_request(old_size, proof, newest.text)
        return Question(newest.shard, newest.tree_size, newest.text, old_size, body)

    def _due_checkpoint(self, uow: UnitOfWork) -> SignedCheckpoint | None:
        """The newest checkpoint of the open shard, or the last one of the shard before it.

        A shard that has just been closed is cosigned to its end while its successor begins.
        """
        for shard in shard_heads.list_newest_shards(uow.session, SHARDS_ASKED):
            newest = newest_checkpoint(uow.session, shard)
            if newest is None or self._has_cosigned(uow, newest):
                continue
            standing = self._standing(uow, shard)
            if standing is None or standing.due_at <= uow.now:
                return newest
        return None

    def _has_cosigned(self, uow: UnitOfWork, checkpoint: SignedCheckpoint) -> bool:
        key = (checkpoint.shard, checkpoint.tree_size, self._witness.key.text)
        return uow.session.get(CheckpointCosignature, key) is not None

    def _standing(self, uow: UnitOfWork, shard: int) -> WitnessStanding | None:
        return uow.session.get(WitnessStanding, (shard, self._witness.key.text))

    def _take(self, question: Question, answer: WitnessAnswer) -> None:
        if answer.status == COSIGNED:
            self._keep(question, read_cosignature(question.note, answer.body, self._witness.key))
            return
        if answer.status == CONFLICT:
            self._take_conflict(question, parse_known_size(answer.body))
            return
        reasons = {
            NOT_SIGNED: "it does not accept the log's key",
            UNKNOWN_LOG: "it does not know the log",
            INCONSISTENT: BROKEN,
        }
        self._note_failure(question, reasons.get(answer.status, f"it answered {answer.status}"))

    def _take_conflict(self, question: Question, known_size: int) -> None:
        """The witness goes on from another size; the next look asks from there, if that can be."""
        if known_size > question.tree_size:
            self._note_failure(question, AHEAD)
            return
        if known_size == question.old_size:
            is_same_size = question.old_size == question.tree_size
            self._note_failure(question, FORKED if is_same_size else CONFUSED)
            return
        with self._units.begin(Reach.EXCHANGE) as uow:
            before = self._standing(uow, question.shard)
            is_first = before is None or not _has_just_named_a_size(before)
            if is_first:
                self._stand(uow, question.shard, known_size=known_size, due_at=uow.now)
                uow.commit()
        if not is_first:
            self._note_failure(question, WAVERS, known_size=known_size)

    def _keep(self, question: Question, cosignature: Cosignature) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            uow.session.execute(
                insert(CheckpointCosignature)
                .values(
                    shard=question.shard,
                    tree_size=question.tree_size,
                    witness=cosignature.key.text,
                    line=cosignature.line,
                    cosigned_at=_instant(cosignature.timestamp),
                    received_at=uow.now,
                )
                .on_conflict_do_nothing()
            )
            self._count(uow, question)
            due_at = uow.now + timedelta(seconds=self._policy.interval_seconds)
            self._stand(uow, question.shard, known_size=question.tree_size, due_at=due_at)
            uow.commit()

    def _count(self, uow: UnitOfWork, question: Question) -> None:
        """Note the head as witnessed once enough have cosigned it.

        Two keepers that count at once, each without the other's uncommitted line, would both come
        short; the checkpoint's own lock makes them count one after the other.
        """
        uow.session.execute(
            select(
                func.pg_advisory_xact_lock(
                    func.hashtextextended(f"witnessed:{question.shard}:{question.tree_size}", 0)
                )
            )
        )
        keys = uow.session.scalars(
            select(CheckpointCosignature.witness).where(
                CheckpointCosignature.shard == question.shard,
                CheckpointCosignature.tree_size == question.tree_size,
            )
        ).all()
        if self._policy.is_met_by(keys):
            uow.session.execute(
                insert(WitnessedCheckpoint)
                .values(
                    shard=question.shard,
                    tree_size=question.tree_size,
                    needed=self._policy.needed,
                    witnessed_at=uow.now,
                )
                .on_conflict_do_nothing()
            )

    def _stand(
        self,
        uow: UnitOfWork,
        shard: int,
        *,
        due_at: datetime,
        known_size: int | None = None,
        failure: str | None = None,
    ) -> WitnessStanding:
        standing = self._standing(uow, shard)
        if standing is None:
            standing = WitnessStanding(
                shard=shard, witness=self._witness.key.text, known_size=0, failures_count=0
            )
            uow.session.add(standing)
        if known_size is not None:
            standing.known_size = known_size
        standing.asked_at, standing.due_at, standing.last_failure = uow.now, due_at, failure
        if failure is None:
            standing.failures_count, standing.failing_since = 0, None
        else:
            standing.failures_count += 1
            standing.failing_since = standing.failing_since or uow.now
        return standing

    def _note_failure(
        self, question: Question, failure: str, *, known_size: int | None = None
    ) -> None:
        say = _log.error if failure in ALARMS else _log.warning
        say("a witness did not cosign", witness=self._witness.name, reason=failure)
        with self._units.begin(Reach.EXCHANGE) as uow:
            standing = self._standing(uow, question.shard)
            count = 0 if standing is None else standing.failures_count
            pause = timedelta(seconds=pause_seconds(self._policy, count))
            self._stand(
                uow,
                question.shard,
                due_at=uow.now + pause,
                known_size=known_size,
                failure=failure[:_FAILURE_MAX],
            )
            uow.commit()


def _has_just_named_a_size(standing: WitnessStanding) -> bool:
    """Whether its last answer was a size too: asked from there at once, it names another."""
    return standing.last_failure == WAVERS or standing.due_at <= standing.asked_at


def _instant(timestamp: int) -> datetime:
    """A witness's time; beyond the calendar it is the calendar's end."""
    last = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
    return datetime.fromtimestamp(min(timestamp, last), UTC)
