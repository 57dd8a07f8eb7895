"""How a shard's chain answers, noted for operators; one that fails is left alone for a while."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import CounterfoilError
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from ledger.log.anchors.chain_ports import AnchorRegistry, ContractHead
from ledger.log.anchors.models import ChainHealth
from ledger.log.anchors.states import back_off_seconds
from ledger.log.sequencing.publication import newest_checkpoint
from ledger.log.storage import shard_heads

_NEWS_SECONDS = 30
"""An answer that says nothing new is noted as often as this."""

_log = structlog.get_logger()


class ChainWatch:
    """Counts failures in a row in memory; what it notes is one row a shard."""

    def __init__(self, units: UnitOfWorkFactory, origin: str, registry: AnchorRegistry) -> None:
        self._units = units
        self._origin = origin
        self._registry = registry
        self._failures_count = 0
        self._paused_until: datetime | None = None
        self._told: tuple[datetime, int, int] | None = None

    def is_paused(self, now: datetime) -> bool:
        """Whether the chain failed so lately that it is not asked."""
        return self._paused_until is not None and now < self._paused_until

    def note_answer(self, contract_head: ContractHead) -> None:
        """The chain answered with this head of the contract."""
        self._paused_until, was_failing = None, self._failures_count > 0
        self._failures_count = 0
        with self._units.begin(Reach.EXCHANGE) as uow:
            published_size = self._published_size(uow.session)
            told = (uow.now, contract_head.size, published_size)
            if not was_failing and not self._is_news(told):
                return
            facts = self._registry.facts
            values = {
                "chain_id": facts.chain_id,
                "genesis_hash": facts.genesis_hash,
                "client_version": facts.client_version[:200],
                "has_independent_validators": facts.has_independent_validators,
                "finality": facts.finality,
                "contract": self._registry.contract,
                "anchored_size": contract_head.size,
                "published_size": published_size,
                "answered_at": uow.now,
                "failing_since": None,
                "failures_count": 0,
                "last_error": None,
            }
            uow.session.execute(
                insert(ChainHealth)
                .values(origin=self._origin, **values)
                .on_conflict_do_update(index_elements=["origin"], set_=values)
            )
            uow.commit()
            self._told = told

    def _is_news(self, told: tuple[datetime, int, int]) -> bool:
        if self._told is None or told[1:] != self._told[1:]:
            return True
        return told[0] - self._told[0] >= timedelta(seconds=_NEWS_SECONDS)

    def _published_size(self, session: Session) -> int:
        head = shard_heads.find_head(session, self._origin)
        published = newest_checkpoint(session, head.shard) if head else None
        return published.tree_size if published else 0

    def note_failure(self, failure: CounterfoilError, now: datetime) -> None:
        """The chain is away, or answers nonsense: it is asked again after a growing pause."""
        self._failures_count += 1
        pause = back_off_seconds(self._failures_count)
        self._paused_until = now + timedelta(seconds=pause)
        _log.warning("anchoring_failed", slug=failure.slug, detail=failure.detail, pause=pause)
        with self._units.begin(Reach.EXCHANGE) as uow:
            health = uow.session.get(ChainHealth, self._origin, with_for_update=True)
            if health is None:
                return
            health.failing_since = health.failing_since or now
            health.failures_count += 1
            health.last_error = failure.detail[:500]
            uow.commit()
