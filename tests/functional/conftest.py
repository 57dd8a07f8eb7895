"""Fixtures: two pairs of organisations that trade, on one whole exchange, made once a session."""

import os
import time
from datetime import UTC, datetime, timedelta

import jwt
import psycopg
import pyotp
import pytest
from sqlalchemy import text

from app import embedded_postgres
from app.core.reach import Reach
from demo import onboarding
from demo.world import World
from ledger.journal.books.models import AccountFreeze
from tests.factories.acknowledged_worlds import fill_acknowledgements
from tests.factories.billing import fill_billing
from tests.factories.denied_calls import fill_denials
from tests.factories.settled_worlds import fill_settlement
from tests.factories.whole_exchange import WholeExchange, trade
from tests.factories.whose_rows import Everything

NAMES = ("a", "b")
LIFTED = text(
    "UPDATE account_freezes SET lift_reason = 'looked', lift_asked_by = 'psn_a',"
    " lifted_by = 'psn_b', lifted_at = frozen_at"
)
TOKEN_LEFT_SECONDS = 300
"""What a test may take."""


@pytest.fixture
def in_unit(units):
    """Runs a step in a unit of work with the exchange's reach, and commits it."""

    def run(step):
        with units.begin(Reach.EXCHANGE) as uow:
            result = step(uow)
            uow.commit()
            return result

    return run


@pytest.fixture
def plant(postgres, database_url):
    """Changes the books as only a superuser can: no policy, no trigger, no constraint."""
    name = database_url.rpartition("?")[0].rpartition("/")[2] or database_url.rpartition("/")[2]
    url = postgres.replace("/postgres?", f"/{name}?", 1)

    def run(*statements):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)

    return run


@pytest.fixture
def freeze(in_unit, clock):
    """Freezes an account as the audit does; two people lift it by calling what comes back."""

    def run(account_id):
        row = AccountFreeze(
            freeze_id=f"frz {account_id}",
            account_id=account_id,
            organisation_id=account_id.partition("/")[0],
            rule="test",
            finding={},
            frozen_at=clock.now(),
        )
        in_unit(lambda uow: uow.session.add(row))
        return lambda: in_unit(lambda uow: uow.session.execute(LIFTED))

    return run


@pytest.fixture(scope="session")
def whole_exchange(postgres, template_database, tmp_path_factory):
    name = f"isolation_{os.getpid()}"
    url = embedded_postgres.ensure_database(postgres, name, template=template_database)
    made = WholeExchange(url, tmp_path_factory.mktemp("whole-exchange"))
    yield made
    made.close()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def traded(whole_exchange):
    first = World(whole_exchange)
    onboarding.open_the_exchange(first)
    made = {
        name: trade(whole_exchange, first.staff, name, 10 * number)
        for number, name in enumerate(NAMES, start=1)
    }
    for world in made.values():
        period = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC)
        body = {"from": period[0].isoformat(), "until": period[1].isoformat()}
        world.buyer.client.post("/v1/invoices", {"licence_id": world.airports.licence_id, **body})
    whole_exchange.settle()
    pairs = {
        name: (world.organisations["buyer"], world.organisations["supplier"])
        for name, world in made.items()
    }
    fill_billing(whole_exchange.parts.units, pairs)
    fill_settlement(whole_exchange, made)
    fill_acknowledgements(whole_exchange, made)
    fill_denials(whole_exchange, made)
    whole_exchange.settle()
    return made


@pytest.fixture
def worlds(traded):
    """The two pairs, with sessions that last: a token lives shorter than a session of tests."""
    for world in traded.values():
        for person in {id(each): each for each in _people(world)}.values():
            _stay_signed_in(person)
    return traded


def _people(world):
    return [world.supplier, world.buyer, *world.staff.values()]


def _stay_signed_in(person):
    issued = jwt.decode(person.client.token, options={"verify_signature": False})
    if issued["exp"] - time.time() < TOKEN_LEFT_SECONDS:
        person.sign_in(pyotp.TOTP(person.secret).now() if person.secret else None)


@pytest.fixture(scope="session")
def organisations(traded):
    """The four organisations by name, such as `b buyer`."""
    return {
        f"{name} {side}": organisation_id
        for name, world in traded.items()
        for side, organisation_id in world.organisations.items()
    }


@pytest.fixture
def connection(whole_exchange, traded):
    """A connection of the application's own role, without any reach."""
    url = whole_exchange.parts.database_url
    with psycopg.connect(url, options="-c lock_timeout=10s") as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def everything(connection):
    """All rows of the whole exchange, and whose each is."""
    seen = Everything(connection)
    connection.rollback()
    return seen


@pytest.fixture
def at_once(connection):
    """The same, in the very snapshot that the test reads on in: leases come and go meanwhile."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.execute("SELECT 1")
    with connection.transaction(force_rollback=True):
        return Everything(connection)
