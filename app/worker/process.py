"""The worker's process: sequencer, checkpoints, anchors, outbox and everything that lapses."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from app.accounts import services as accounts
from app.core import idempotency
from app.core.unit_of_work import UnitOfWork
from app.notices import attempts as webhook_attempts
from app.notices import services as notices
from app.parts import Parts, build_parts
from app.reactions import counting, measuring, renewing
from app.reactions.lane_round import LaneRound
from app.settings import from_environment
from app.web.observability import configure_logs
from app.wiring.books import audit_ports, billing_ports
from app.wiring.calls import upstream_probe
from app.wiring.log import build_witness_keepers, checkpoint_keeper, log_keys
from app.wiring.notices import build_dispatcher
from app.wiring.payments import payment_gateways
from app.worker.billing import billing_steps
from app.worker.chain import Anchoring, Chain
from app.worker.consents import consent_steps
from app.worker.effects import effect_steps
from app.worker.quality import quality_steps
from app.worker.steps import Step, Worker, in_unit
from compliance import services as compliance
from ledger.journal.books.provider_books import JournalProviderBooks
from ledger.journal.settlement import run_services
from ledger.journal.wallets.leases import WalletLeases
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
    return Worker(
        [
            *_log_steps(parts, chain),
            *effect_steps(parts, chain),
            *_notice_steps(parts),
            *_payment_steps(parts),
            *_compliance_steps(parts),
            *_entitlement_steps(parts),
            *billing_steps(parts, billing_ports(parts), audit_ports()),
            *consent_steps(parts),
            Step("erasures", _SECOND, in_unit(parts.units, erase_due)),
            *quality_steps(parts, upstream_probe(parts)),
            *_forgetting_steps(parts),
        ],
        parts.spans,
    )


def _log_steps(parts: Parts, chain: Chain) -> Sequence[Step]:
    """Entries enter the log, and its heads are signed, anchored and witnessed."""
    keeper = checkpoint_keeper(parts)
    sequencer = Sequencer(parts.units, log_keys(parts), keeper=keeper, host=parts.settings.log_host)
    scrubber = Scrubber(parts.units, FileScrubCursor(parts.settings.var / "checkpoints"))
    every = min(parts.settings.checkpoint_seconds, _SECOND)
    return (
        Step("sequence", every, lambda: sequencer.step().has_more),
        Step("scrub", _SCRUB_SECONDS, _quietly(lambda: bool(scrubber.look()))),
        Step("anchor", _SECOND, Anchoring(parts, chain).look),
        *(
            Step(f"witness-{number}", _SECOND, _quietly(witness.look))
            for number, witness in enumerate(build_witness_keepers(parts), start=1)
        ),
    )


def _notice_steps(parts: Parts) -> Sequence[Step]:
    """Organisations are told."""
    in_one = partial(in_unit, parts.units)
    return (
        Step("webhooks", 0.2, build_dispatcher(parts).step),
        Step("feed", 0.2, in_one(notices.number_notices)),
        Step("stranded", _MINUTE, in_one(webhook_attempts.bury_stranded)),
        Step("old-notices", _HOUR, in_one(notices.forget_notices)),
    )


def _payment_steps(parts: Parts) -> Sequence[Step]:
    """Money moves at providers, and suppliers' payables are settled."""
    paying = Paying(parts, payment_gateways(parts))
    in_one = partial(in_unit, parts.units)
    return (
        Step("payments", 0.5, paying.work),
        Step("payment-sweep", parts.settings.payment_sweep_seconds, paying.sweep),
        Step("settlement", _SECOND, in_one(run_services.advance_run)),
        Step("settlement-day", _MINUTE, in_one(run_services.plan_monthly_runs)),
    )


def _compliance_steps(parts: Parts) -> Sequence[Step]:
    """What lapses, who is reminded of it, and what of trade is counted and measured."""
    in_one = partial(in_unit, parts.units)
    count_persons = partial(counting.count_persons, lane_round=LaneRound())
    measure_live_quality = partial(measuring.measure_live_quality, lane_round=LaneRound())
    return (
        Step("expire", _MINUTE, in_one(_suspend_expired)),
        Step("reminders", _MINUTE, in_one(_remind_of_lapses)),
        Step("deadlines", _MINUTE, in_one(_keep_deadlines)),
        Step("persons", _MINUTE, in_one(count_persons)),
        Step("live-quality", _MINUTE, in_one(measure_live_quality)),
    )


def _entitlement_steps(parts: Parts) -> Sequence[Step]:
    """Leases whose worker died come back; periods turn, and end where they are not renewed."""
    wallets = WalletLeases(parts.clock)
    in_one = partial(in_unit, parts.units)
    return (
        Step("leases", _SECOND, in_one(lambda uow: upkeep.reclaim_leases(uow, wallets))),
        Step("periods", _SECOND, partial(turn_periods, parts.units, {})),
        Step("renewals", _SECOND, in_one(renewing.end_unrenewed)),
    )


def _forgetting_steps(parts: Parts) -> Sequence[Step]:
    """What is kept for a while only, and room for what comes next."""
    in_one = partial(in_unit, parts.units)
    return (
        Step("answers", _MINUTE, in_one(upkeep.forget_answers)),
        Step("answer-times", _HOUR, in_one(forget_times)),
        Step("partitions", _HOUR, in_one(upkeep.add_partitions)),
        Step("sessions", _HOUR, in_one(accounts.forget_stale_access)),
        Step("responses", _HOUR, in_one(_forget_responses)),
    )


def _quietly(look: Callable[[], bool]) -> Callable[[], bool]:
    """A step that never comes back at once: a witness is asked once a second at most."""

    def step() -> bool:
        look()
        return False

    return step


def _suspend_expired(uow: UnitOfWork) -> int:
    return compliance.suspend_expired(uow, EXPIRY_PORTION)


def _forget_responses(uow: UnitOfWork) -> int:
    return idempotency.forget_expired(uow.session, at=uow.now)


def _remind_of_lapses(uow: UnitOfWork) -> int:
    return compliance.remind_of_lapses(uow, EXPIRY_PORTION)


def _keep_deadlines(uow: UnitOfWork) -> int:
    return compliance.keep_deadlines(uow, EXPIRY_PORTION)


def main() -> None:
    """Work with the environment's settings until SIGTERM."""
    settings = from_environment(os.environ)  # noqa: TID251 -- the one reading of settings
    configure_logs(settings.log_level)
    parts = build_parts(settings)
    build_worker(parts).run_until_signalled()
    if parts.spans is not None:
        parts.spans.close()


if __name__ == "__main__":
    main()
