"""What the metered server sells in the benchmark: a funded buyer with licences for one listing."""

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import create_engine, insert

from app.core.canonical import digest_hex
from app.core.clock import SystemClock
from app.core.db import make_engine
from app.core.ids import IdSource, OrganisationId
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from bench.gateway_baselines import Base, NaiveAccount
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.wallets import services as journal
from metering import services
from migrations.run import upgrade

LICENCES = 16
LISTING = "S0001-BENCH"
PRICE = 40_000_000
BUYER, SUPPLIER = OrganisationId("org_bench_buyer"), OrganisationId("org_bench_supplier")
PLAN = {
    "kind": "per_call",
    "unit": "call",
    "unit_price": "0.40000000",
    "free_units": 0,
    "currency": "CNY",
    "calls_per_second": 1_000_000,
}
FIELDS_IN = [{"name": "iata", "type": "string", "required": True}]
FIELDS_OUT = [
    {"name": name, "type": "string", "required": True} for name in ("iata", "name", "note")
]
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}


def _key(number: int) -> str:
    return f"cfk_{number:08d}_{hashlib.sha256(str(number).encode()).hexdigest()[:43]}"


def prepare_market(database_url: str, upstream: str) -> list[str]:
    """A funded buyer with licences for one listing; the call keys."""
    upgrade(database_url)
    clock = SystemClock()
    ids = IdSource(clock)
    engine = make_engine(database_url)
    units = UnitOfWorkFactory(engine, clock, ids)
    keys = [_key(number) for number in range(LICENCES)]
    with units.begin(Reach.EXCHANGE) as uow:
        for organisation_id in (BUYER, SUPPLIER):
            journal.open_accounts(uow, organisation_id=organisation_id)
        draft = postings.top_up(
            reference="bench", organisation_id=BUYER, amount=10**17, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        services.route_listing(
            uow,
            listing_code=LISTING,
            version_id="ver_bench",
            supplier_id=SUPPLIER,
            delivery={"url": upstream, "method": "GET", "timeout_ms": 5000, "outcome_rule": {}},
            fields_in=FIELDS_IN,
            fields_out=FIELDS_OUT,
        )
        for key in keys:
            _license(uow, ids, key)
        uow.commit()
    engine.dispose()
    naive = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    Base.metadata.create_all(naive)
    with naive.begin() as connection:
        rows = [{"key": key, "balance": 10**17} for key in keys]
        connection.execute(insert(NaiveAccount), rows)
    naive.dispose()
    return keys


def _license(uow: Any, ids: IdSource, key: str) -> None:
    licence_id = ids.opaque("lic")
    services.grant_entitlement(
        uow,
        licence_id=licence_id,
        order_id=ids.new("ord"),
        agreement_id=ids.new("agr"),
        buyer_id=BUYER,
        supplier_id=SUPPLIER,
        listing_code=LISTING,
        version_id="ver_bench",
        scenario_id=ids.new("scn"),
        terms={},
        terms_hash=digest_hex({}),
        plan_id=ids.new("pln"),
        plan_hash=digest_hex(PLAN),
        plan_terms=PLAN,
        split=SPLIT,
        currency="CNY",
        starts_at=uow.now - timedelta(days=1),
        ends_at=uow.now + timedelta(days=30),
    )
    services.admit_key(
        uow,
        key_id=ids.new("key"),
        licence_id=licence_id,
        organisation_id=BUYER,
        secret_hash=hashlib.sha256(key.encode()).hexdigest(),
        networks=(),
        expires_at=None,
    )
