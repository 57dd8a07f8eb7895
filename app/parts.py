"""What every process of one installation builds from its settings, once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine

from app.core.cipher import Cipher
from app.core.clock import Clock, SystemClock
from app.core.db import make_engine
from app.core.ids import IdSource
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.database import find_database
from app.keys.keyring import FileKeyring
from app.keys.recognition import demand_file, demand_keys_of_log
from app.reactions import build_reactions
from app.reactions.recalling import LeaseRecall
from app.settings import Settings, development_secret
from ledger.journal.wallets.events import HeldMoneyWanted
from ledger.log.sequencing.shards import ShardCalendar, origin_of_year
from ledger.log.sequencing.succession import opened_calendar
from migrations.run import upgrade

if TYPE_CHECKING:
    from app.tracing.spans import Spans

POOL_MAX = 16
"""Connections of the control plane a process keeps; it may double under load."""


@dataclass(frozen=True)
class Parts:
    """The process's own instances."""

    settings: Settings
    database_url: str
    engine: Engine
    clock: Clock
    ids: IdSource
    cipher: Cipher
    keyring: FileKeyring
    units: UnitOfWorkFactory
    spans: "Spans | None"
    """What is traced, where a collector is named."""
    calendar: ShardCalendar
    """The log's shards as this process found them, and by rule those of the years to come."""

    @property
    def origin(self) -> str:
        """The name of the shard that was open when the process started."""
        return self.keyring.origin


def build_parts(settings: Settings, *, clock: Clock | None = None) -> Parts:
    """Build everything; migrates the database first (doing it twice changes nothing)."""
    clock = clock or SystemClock()
    database_url = find_database(settings)
    upgrade(database_url)
    engine = make_engine(database_url, pool_size=min(settings.web_threads, POOL_MAX))
    spans = _spans(settings, engine)
    ids = IdSource(clock)
    cipher = Cipher.from_passphrase(development_secret(settings))
    units = UnitOfWorkFactory(
        engine,
        clock,
        ids,
        build_reactions(),
        messengers={HeldMoneyWanted: LeaseRecall(make_engine(database_url, pool_size=1))},
    )
    with units.begin(Reach.EXCHANGE) as uow:
        calendar = opened_calendar(uow.session, settings.log_host)
        demand_file(settings.key_file, calendar)
        newest = calendar.newest or origin_of_year(settings.log_host, clock.now())
        keyring = FileKeyring(settings.key_file, cipher, origin=newest)
        demand_keys_of_log(uow.session, keyring, settings.key_file)
    return Parts(
        settings=settings,
        database_url=database_url,
        engine=engine,
        clock=clock,
        ids=ids,
        cipher=cipher,
        keyring=keyring,
        units=units,
        spans=spans,
        calendar=calendar,
    )


def _spans(settings: Settings, engine: Engine) -> "Spans | None":
    if settings.otlp_endpoint is None:
        return None
    # The SDK is large, and whoever has no collector has no use for it.
    from app.tracing.requests import trace_statements  # noqa: PLC0415 -- only where it is configured
    from app.tracing.spans import Spans  # noqa: PLC0415 -- as above

    spans = Spans(settings.trace_service, settings.otlp_endpoint, share=settings.trace_share)
    trace_statements(engine, spans)
    return spans
