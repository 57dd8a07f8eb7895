"""The chain as the worker reaches it: the contracts, and a keeper of anchors for each shard."""

import threading

import structlog

from app.core.errors import CounterfoilError
from app.core.reach import Reach
from app.parts import Parts
from contracts.accounts import AccountKeys
from contracts.deployments import ChainAccess, open_anchor_registry, open_chain
from contracts.limits import GWEI, ChainLimits
from contracts.registries import JsonRpcAnchorRegistry
from ledger.log.anchors.keeper import AnchorKeeper
from ledger.log.anchors.queries import list_unanchored_origins
from ledger.log.anchors.states import AnchorPolicy

_log = structlog.get_logger("worker")


class Chain:
    """The chain, reached when first needed: the worker must start while the chain is away."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._access: ChainAccess | None = None

    def anchors(self, origin: str) -> JsonRpcAnchorRegistry:
        """The registry that holds a shard's heads; each shard has its own."""
        if origin == self._parts.origin:
            return self.access().anchors
        return open_anchor_registry(
            self._parts.units,
            self._url,
            self._keys,
            self._parts.settings.chain_finality,
            origin=origin,
            limits=self._limits,
        )

    @property
    def _url(self) -> str:
        settings = self._parts.settings
        return settings.chain_url or f"http://127.0.0.1:{settings.chain_port}"

    @property
    def _limits(self) -> ChainLimits:
        settings = self._parts.settings
        return ChainLimits(settings.chain_id, settings.chain_gas_gwei_max * GWEI)

    @property
    def _keys(self) -> AccountKeys:
        return AccountKeys.derive(self._parts.keyring.chain_account)

    def access(self) -> ChainAccess:
        """The contracts; deploys what is missing; raises while the chain is away."""
        with self._lock:
            if self._access is None or self._access.is_gone:
                self._access = open_chain(
                    self._parts.units,
                    self._url,
                    self._keys,
                    self._parts.settings.chain_finality,
                    origin=self._parts.origin,
                    limits=self._limits,
                )
            return self._access


class Anchoring:
    """The anchorer's timed look, once the chain can be reached: a keeper for each shard."""

    def __init__(self, parts: Parts, chain: Chain) -> None:
        self._parts = parts
        self._chain = chain
        self._registries: dict[str, JsonRpcAnchorRegistry] = {}
        self._keepers: dict[str, AnchorKeeper] = {}

    def look(self) -> bool:
        """Follow open anchors, and anchor the newest head of each shard for which that is due.

        Raises the first shard's `CounterfoilError` after all have looked: the step then pauses.
        """
        with self._parts.units.begin(Reach.EXCHANGE) as uow:
            origins = list_unanchored_origins(uow.session)
        has_anchored, failures = False, []
        # All of them look: a shard that waits for a block, or its registry's, holds up no other.
        for origin in origins or [self._parts.origin]:
            try:
                has_anchored = self._keeper(origin).look() or has_anchored
            except CounterfoilError as failure:
                _log.warning("shard not anchored", origin=origin, slug=failure.slug)
                failures.append(failure)
        if failures:
            raise failures[0]
        return has_anchored

    def _keeper(self, origin: str) -> AnchorKeeper:
        registry = self._registries.get(origin)
        if registry is None or registry.is_gone:
            registry = self._registries[origin] = self._chain.anchors(origin)
            self._keepers[origin] = AnchorKeeper(
                self._parts.units,
                origin,
                registry,
                AnchorPolicy(interval_seconds=self._parts.settings.anchor_seconds),
            )
        return self._keepers[origin]
