"""Puts the data plane of one process together from what the composition root supplies."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.core.cipher import Cipher
from app.core.clock import Clock
from app.core.compact_jws import TokenReader
from app.core.entropy import EntropyPool
from app.core.ids import IdSource
from app.core.signing import Signer
from metering.calls.caller_cache import CallerCache
from metering.calls.consent_desk import TOKEN_TYPE, ConsentDesk
from metering.calls.denials import DenialCounts
from metering.calls.downloads import DOWNLOADS_MAX, Downloads
from metering.calls.service import CallService
from metering.changes import ChangeListener
from metering.connections import Connect, Connections
from metering.data_plane import DataPlane, DataPlaneSettings
from metering.delivery.answer_times import AnswerTimes
from metering.delivery.bulkheads import Bulkheads
from metering.delivery.errors import DeliveryFailed
from metering.delivery.failure_counts import FailureCounts
from metering.fences import MONEY_RECALL, RECALL
from metering.housekeeping import Housekeeping
from metering.leases.keeper import LeaseKeeper
from metering.leases.lanes import LaneStore
from metering.leases.recalls import RecallAnswers
from metering.leases.store import LeaseStore
from metering.packages.addresses import FileAddresses
from metering.ports import CallBooks, CallLog, SupplierFiles, Wallets
from metering.rate_limits import RateLimits
from metering.recording.commit_store import CommitStore
from metering.recording.group_commit import GroupCommitter
from metering.recording.stored_answers import StoredAnswers
from metering.signing.stored import SignedRequests
from metering.views import KeyView
from metering.waiting import Waiting


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the data plane needs of other rooms and of the world.

    ``connect`` opens a psycopg connection to the application's database. ``receipt_signer_at``
    gives the signer for a call's instant; a receipt's origin is its name without ``/receipts``.
    ``waiting`` says how calls wait, and whom they ask.
    """

    connect: Connect
    clock: Clock
    entropy: Callable[[int], bytes]
    cipher: Cipher
    receipt_signer_at: Callable[[str], Signer]
    wallets: Wallets
    books: CallBooks
    log: CallLog
    waiting: Waiting
    files: SupplierFiles
    """Where the files of packages are fetched."""
    consent_keys: tuple[bytes, ...] = ()
    """Public keys under which consent tokens are signed; without one every token is refused."""


def build_data_plane(settings: DataPlaneSettings, outside: Outside) -> DataPlane:
    """The data plane of one process; call it after the process has forked: it starts threads."""
    outside = replace(outside, entropy=EntropyPool(outside.entropy))
    ids = IdSource(outside.clock, outside.entropy)
    connections = Connections(outside.connect, size=settings.connections_max)
    callers = _callers(settings, outside, connections)
    consents = _consents(settings, outside, connections)
    denials = DenialCounts(connections, lambda: ids.new("dnl"))
    failures = FailureCounts(connections, outside.clock, lambda: ids.new("dlf"))
    times = AnswerTimes(connections, outside.clock.now)
    rates = _rates(settings, outside, connections)
    keeper = LeaseKeeper(
        connections, _lease_store(settings, outside, ids), slab_calls_max=settings.slab_calls_max
    )
    committer = _committer(settings, outside, ids)
    calls = CallService(
        clock=outside.clock,
        callers=callers,
        consents=consents,
        keeper=keeper,
        committer=committer,
        answers=StoredAnswers(connections, outside.cipher),
        signatures=SignedRequests(connections, outside.cipher),
        waiting=outside.waiting,
        bulkheads=Bulkheads(settings.places, outside.waiting),
        times=times,
        entropy=outside.entropy,
        addresses=FileAddresses(outside.cipher),
    )
    recalls = RecallAnswers({RECALL: keeper.give_back, MONEY_RECALL: keeper.give_back_money})
    listener = _listener(outside, recalls, callers, consents)
    housekeeping = _housekeeping(
        settings,
        keeper,
        lambda: denials.write(outside.clock.now()),
        failures.write,
        times.write,
        rates.forget_idle,
    )
    # The order of closing: nothing new is committed, then nothing is prolonged, then given back.
    parts = (committer, housekeeping, listener, recalls, keeper, connections, outside.waiting)
    return DataPlane(
        settings,
        clock=outside.clock,
        ids=ids,
        signer_at=outside.receipt_signer_at,
        callers=callers,
        consents=consents,
        rates=rates,
        denials=denials,
        failures=failures,
        calls=calls,
        downloads=_downloads(settings, outside, callers, failures),
        waiting=outside.waiting,
        closers=tuple(part.close for part in parts),
    )


def _downloads(
    settings: DataPlaneSettings, outside: Outside, callers: CallerCache, failures: FailureCounts
) -> Downloads:
    def failed(key: KeyView, error: DeliveryFailed) -> None:
        failures.count(key.licence.listing_code, key.licence.supplier_id, error)

    return Downloads(
        clock=outside.clock,
        addresses=FileAddresses(outside.cipher),
        files=outside.files,
        look=callers.look,
        failed=failed,
        places=min(DOWNLOADS_MAX, max(settings.places // 2, 1)),
        waiting=outside.waiting,
    )


def _callers(
    settings: DataPlaneSettings, outside: Outside, connections: Connections
) -> CallerCache:
    return CallerCache(
        connections,
        outside.cipher,
        fresh_seconds=settings.cache_seconds,
        upstream_calls_per_second=settings.upstream_calls_per_second,
    )


def _consents(
    settings: DataPlaneSettings, outside: Outside, connections: Connections
) -> ConsentDesk:
    reader = TokenReader(TOKEN_TYPE, outside.consent_keys)
    return ConsentDesk(connections, reader, fresh_seconds=settings.cache_seconds)


def _rates(settings: DataPlaneSettings, outside: Outside, connections: Connections) -> RateLimits:
    if settings.is_time_of_store:
        return RateLimits(connections)
    return RateLimits(connections, store_at=lambda: outside.clock.now().timestamp())


def _lease_store(settings: DataPlaneSettings, outside: Outside, ids: IdSource) -> LeaseStore:
    lanes = LaneStore(
        holder=ids.opaque("wrk"),
        clock=outside.clock,
        ids=ids,
        entropy=outside.entropy,
        wallets=outside.wallets,
        log=outside.log,
        lease_seconds=settings.lease_seconds,
    )
    return LeaseStore(lanes=lanes, clock=outside.clock, ids=ids, wallets=outside.wallets)


def _committer(settings: DataPlaneSettings, outside: Outside, ids: IdSource) -> GroupCommitter:
    store = CommitStore(
        ids=ids,
        books=outside.books,
        log=outside.log,
        answer_keep_seconds=settings.answer_keep_seconds,
        lease_seconds=settings.lease_seconds,
    )
    return GroupCommitter(
        outside.connect,
        store,
        outside.clock,
        outside.waiting,
        batch_max=settings.batch_max,
        queue_max=settings.queue_max,
    )


def _housekeeping(
    settings: DataPlaneSettings, keeper: LeaseKeeper, *further: Callable[[], None]
) -> Housekeeping:
    """What goes on behind the calls, several times within a lease."""
    chores = (
        keeper.prolong,
        keeper.end_leases,
        lambda: keeper.trim_idle(idle_seconds=settings.resting_seconds),
        lambda: keeper.close_idle(idle_seconds=settings.idle_seconds),
        *further,
    )
    return Housekeeping(chores, every_seconds=min(1.0, settings.lease_seconds / 5))


def _listener(
    outside: Outside, recalls: RecallAnswers, callers: CallerCache, consents: ConsentDesk
) -> ChangeListener:
    def on_change(kind: str, subjects: frozenset[str]) -> None:
        if recalls.ask(kind, subjects):
            return
        if kind == "consent":
            consents.forget(subjects)
        else:
            callers.forget(kind, subjects)

    def on_gap() -> None:
        callers.forget_everything()
        consents.forget_everything()

    return ChangeListener(outside.connect, on_change=on_change, on_gap=on_gap)
