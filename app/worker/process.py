"""The worker's process: sequencer, checkpoints, anchors, outbox and everything that lapses."""

import os
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from app.accounts import services as accounts
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from app.notices import attempts as webhook_attempts
from app.notices import services as notices
from app.parts import Parts, build_parts
from app.probing import ListedUpstreamProbe
from app.reactions import counting, measuring
from app.settings import from_environment
from app.web.observability import configure_logs
from app.wiring import (
    build_dispatcher,
    build_witness_keepers,
    checkpoint_keeper,
    journal_ports,
    log_keys,
    payment_gateways,
    upstream_probe,
)
from app.worker.billing import billing_steps
from app.worker.consents import consent_steps
from app.worker.quality import quality_steps
from app.worker.steps import Handler, Step, Worker, drain_outbox, forget_expired
from compliance import queries as compliance_queries
from compliance import services as compliance
from contracts.accounts import AccountKeys
from contracts.deployments import ChainAccess, open_anchor_registry, open_chain
from contracts.licence_services import LicenceRecorder
from contracts.record_services import KeyRecorder, StatementRecorder
from contracts.registries import JsonRpcAnchorRegistry
from ledger.journal.provider_books import JournalProviderBooks
from ledger.journal.settlement import services as settlement_services
from ledger.journal.wallet_leases import WalletLeases
from ledger.log.anchors.keeper import AnchorKeeper
from ledger.log.anchors.queries import list_unanchored_origins
from ledger.log.anchors.services import request_anchor
from ledger.log.anchors.states import AnchorPolicy
from ledger.log.sequencing.file_scrub_cursor import FileScrubCursor
from ledger.log.sequencing.scrubbing import Scrubber
from ledger.log.sequencing.sequencer import Sequencer
from ledger.payments.account_services import AccountRunner
from ledger.payments.inbox import InboxReader
from ledger.payments.operation_runner import OperationRunner
from ledger.payments.ports import PaymentGateway
from ledger.payments.sweep import Sweep
from ledger.payments.watching import Watcher
from metering.delivery.answer_time_models import forget_times
from metering.erasure.requests import erase_due
from metering.leases import upkeep
from metering.plans.steps import turn_periods

EXPIRY_PORTION = 100
_SECOND, _MINUTE, _HOUR = 1.0, 60.0, 3600.0
_SCRUB_SECONDS = 5.0
THE_EXCHANGE = "the exchange"
"""Who asks for anchors that nobody asked for."""


class Chain:
    """The chain, reached when first needed: the worker must start while the chain is away."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._access: ChainAccess | None = None

    def anchors(self, origin: str) -> JsonRpcAnchorRegistry:
        """The registry that holds a shard's heads; each shard has its own."""
        access = self.access()
        if origin == self._parts.origin:
            return access.anchors
        return open_anchor_registry(
            self._parts.units,
            self._url,
            self._keys,
            self._parts.settings.chain_finality,
            origin=origin,
        )

    @property
    def _url(self) -> str:
        settings = self._parts.settings
        return settings.chain_url or f"http://127.0.0.1:{settings.chain_port}"

    @property
    def _keys(self) -> AccountKeys:
        return AccountKeys.derive(self._parts.keyring.chain_account)

    def access(self) -> ChainAccess:
        """The contracts; deploys what is missing; raises while the chain is away."""
        with self._lock:
            if self._access is None:
                self._access = open_chain(
                    self._parts.units,
                    self._url,
                    self._keys,
                    self._parts.settings.chain_finality,
                    origin=self._parts.origin,
                )
            return self._access


class Anchoring:
    """The anchorer's timed look, once the chain can be reached: a keeper for each shard."""

    def __init__(self, parts: Parts, chain: Chain) -> None:
        self._parts = parts
        self._chain = chain
        self._keepers: dict[str, AnchorKeeper] = {}

    def look(self) -> bool:
        """Follow open anchors, and anchor the newest head of each shard for which that is due."""
        with self._parts.units.begin(Reach.EXCHANGE) as uow:
            origins = list_unanchored_origins(uow.session)
        # All of them look: a shard that waits for a block holds up no other.
        looks = [self._keeper(origin).look() for origin in origins or [self._parts.origin]]
        return any(looks)

    def _keeper(self, origin: str) -> AnchorKeeper:
        if origin not in self._keepers:
            self._keepers[origin] = AnchorKeeper(
                self._parts.units,
                origin,
                self._chain.anchors(origin),
                AnchorPolicy(interval_seconds=self._parts.settings.anchor_seconds),
            )
        return self._keepers[origin]


class Paying:
    """What is due at payment providers; without one configured there is nothing."""

    def __init__(self, parts: Parts, gateways: Mapping[str, PaymentGateway]) -> None:
        watcher = Watcher(parts.units, gateways)
        self._inbox = InboxReader(parts.units, gateways, watcher)
        self._operations = OperationRunner(parts.units, gateways)
        self._accounts = AccountRunner(parts.units, gateways)
        self._sweep = Sweep(parts.units, gateways, watcher, JournalProviderBooks())
        self._is_needed = bool(gateways)

    def work(self) -> bool:
        """Notices first, because they save looking; then what is to be sent and opened."""
        if not self._is_needed:
            return False
        has_more = False
        for each in (self._inbox.read_due, self._operations.run_due, self._accounts.run_due):
            has_more = each() or has_more
        return has_more

    def sweep(self) -> bool:
        """Compare the providers with us."""
        return self._is_needed and self._sweep.run()


def build_worker(parts: Parts) -> Worker:
    """Every timed step of one installation."""
    chain = Chain(parts)
    keeper = checkpoint_keeper(parts)
    sequencer = Sequencer(parts.units, log_keys(parts), keeper=keeper, host=parts.settings.log_host)
    scrubber = Scrubber(parts.units, FileScrubCursor(parts.settings.var / "checkpoints"))
    wallets = WalletLeases(parts.clock)
    every = min(parts.settings.checkpoint_seconds, _SECOND)
    paying = Paying(parts, payment_gateways(parts))
    return Worker(
        [
            Step("sequence", every, lambda: sequencer.step().has_more),
            Step("scrub", _SCRUB_SECONDS, _quietly(lambda: bool(scrubber.look()))),
            Step("anchor", _SECOND, Anchoring(parts, chain).look),
            *(
                Step(f"witness-{number}", _SECOND, _quietly(keeper.look))
                for number, keeper in enumerate(build_witness_keepers(parts), start=1)
            ),
            Step("outbox", 0.2, lambda: drain_outbox(parts.units, _handlers(parts, chain))),
            Step("webhooks", 0.2, build_dispatcher(parts).step),
            Step("feed", 0.2, _in_unit(parts, notices.number_notices)),
            Step("stranded", _MINUTE, _in_unit(parts, webhook_attempts.bury_stranded)),
            Step("old-notices", _HOUR, _in_unit(parts, notices.forget_notices)),
            Step("payments", 0.5, paying.work),
            Step("payment-sweep", parts.settings.payment_sweep_seconds, paying.sweep),
            Step("settlement", _SECOND, _in_unit(parts, settlement_services.advance_run)),
            Step("settlement-day", _MINUTE, _in_unit(parts, settlement_services.plan_monthly_runs)),
            Step("expire", _MINUTE, _in_unit(parts, _suspend_expired)),
            Step("reminders", _MINUTE, _in_unit(parts, _remind_of_lapses)),
            Step("deadlines", _MINUTE, _in_unit(parts, _keep_deadlines)),
            Step("persons", _MINUTE, _in_unit(parts, counting.count_persons)),
            Step("live-quality", _MINUTE, _in_unit(parts, measuring.measure_live_quality)),
            Step(
                "leases", _SECOND, _in_unit(parts, lambda uow: upkeep.reclaim_leases(uow, wallets))
            ),
            Step("periods", _SECOND, lambda: turn_periods(parts.units)),
            *billing_steps(parts, journal_ports(parts)),
            *consent_steps(parts),
            Step("erasures", _SECOND, _in_unit(parts, erase_due)),
            *quality_steps(parts, upstream_probe(parts)),
            Step("answers", _MINUTE, _in_unit(parts, upkeep.forget_answers)),
            Step("answer-times", _HOUR, _in_unit(parts, forget_times)),
            Step("partitions", _HOUR, _in_unit(parts, upkeep.add_partitions)),
            Step("sessions", _HOUR, _in_unit(parts, accounts.forget_stale_access)),
            Step("responses", _HOUR, lambda: forget_expired(parts.units)),
        ]
    )


def _in_unit(parts: Parts, action: Callable[[UnitOfWork], Any]) -> Callable[[], bool]:
    """A step that is one service in one unit of work; work done means: come back at once."""

    def step() -> bool:
        with parts.units.begin(Reach.EXCHANGE) as uow:
            done = action(uow)
            uow.commit()
        return bool(done)

    return step


def _quietly(look: Callable[[], bool]) -> Callable[[], bool]:
    """A step that never comes back at once: a witness is asked once a second at most."""

    def step() -> bool:
        look()
        return False

    return step


def _suspend_expired(uow: UnitOfWork) -> int:
    return compliance.suspend_expired(uow, EXPIRY_PORTION)


def _remind_of_lapses(uow: UnitOfWork) -> int:
    return compliance.remind_of_lapses(uow, EXPIRY_PORTION)


def _keep_deadlines(uow: UnitOfWork) -> int:
    return compliance.keep_deadlines(uow, EXPIRY_PORTION)


def _handlers(parts: Parts, chain: Chain) -> dict[str, Handler]:
    """Outbox topics; a chain that is away makes its messages wait."""

    def recorder() -> LicenceRecorder:
        return LicenceRecorder(parts.units, chain.access().licences, secrets.token_bytes)

    def statements() -> StatementRecorder:
        return StatementRecorder(parts.units, chain.access().statements)

    def keys() -> KeyRecorder:
        return KeyRecorder(parts.units, chain.access().keys)

    return {
        "chain.grant_licence": lambda payload: recorder().grant_licence(payload),
        "chain.revoke_licence": lambda payload: recorder().revoke_licence(payload),
        "chain.record_statement": lambda payload: statements().record_statement(payload),
        "chain.announce_key": lambda payload: keys().announce_key(payload),
        "chain.retire_key": lambda payload: keys().retire_key(payload),
        "log.request_anchor": lambda payload: ask_for_anchor(parts, payload),
        "upstream.probe": lambda payload: probe_case(parts, upstream_probe(parts), payload),
    }


def ask_for_anchor(parts: Parts, payload: dict[str, Any]) -> None:
    """Have the log anchored at once, for what happened; asked for twice it is anchored once."""
    with parts.units.begin(Reach.EXCHANGE) as uow:
        reason = f"{payload['reason']}: {payload['about']}"
        request_anchor(uow, requested_by=THE_EXCHANGE, reason=reason)
        uow.commit()


def probe_case(parts: Parts, probe: ListedUpstreamProbe, payload: dict[str, Any]) -> None:
    """Make the test calls outside any transaction, then run the rules with what came back."""
    with parts.units.begin(Reach.EXCHANGE) as uow:
        case = compliance_queries.get_case_view(uow, payload["case_id"]).case
    result = probe.probe(version_id=payload["version_id"], dossier=case.dossier)
    with parts.units.begin(Reach.EXCHANGE) as uow:
        compliance.note_probe(uow, case_id=payload["case_id"], result=result)
        uow.commit()


def main() -> None:
    """Work with the environment's settings until SIGTERM."""
    settings = from_environment(os.environ)  # noqa: TID251 -- the one reading of settings
    configure_logs(settings.log_level)
    build_worker(build_parts(settings)).run_until_signalled()


if __name__ == "__main__":
    main()
