"""The anchorer against a real node: a day without it, a second writer, a restored backup."""

import contextlib
import socket
import threading

import psycopg
import pytest
from sqlalchemy import make_url, select

from app import embedded_postgres
from app.core.db import make_engine
from app.core.ids import IdSource
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from contracts.deployments import open_chain
from ledger.log.anchors.keeper import AnchorKeeper
from ledger.log.anchors.models import Anchor
from ledger.log.anchors.queries import get_chain_status
from ledger.log.anchors.states import AnchorPolicy
from ledger.log.errors import SigningStopped
from ledger.log.storage.shard_heads import signing_stopped
from tests.adapters.chain_nodes import anvil, rpc
from tests.unit.contracts.embedded import KEYS
from tests.unit.log.anchor_chain import publish
from tests.unit.log.log_factory import ORIGIN

pytestmark = pytest.mark.chain
MINUTES_10 = 600
LOOKS_A_DAY = 144


class Cable:
    """A TCP relay to the node that can be pulled out; connections break as they do then."""

    def __init__(self, url):
        self._node = int(url.rsplit(":", 1)[1])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._is_plugged = True
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self):
        self._is_plugged = False
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def plug(self):
        self._is_plugged = True

    def close(self):
        self.pull()
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self._is_plugged:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._node))
                self._open |= {near, far}
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._relay, args=ends, daemon=True).start()

    def _relay(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for end in (source, target):
            self._open.discard(end)
            end.close()


@pytest.fixture
def node():
    with anvil() as address:
        yield address


@pytest.fixture
def cable(node):
    made = Cable(node)
    yield made
    made.close()


def opened(units, url):
    return open_chain(units, url, KEYS, origin=ORIGIN)


def keeper_of(units, chain):
    policy = AnchorPolicy(interval_seconds=MINUTES_10)
    return AnchorKeeper(units, ORIGIN, chain.anchors, policy)


def anchors(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return list(uow.session.scalars(select(Anchor).order_by(Anchor.id)))


def sent_by_the_anchorer(node):
    return int(rpc(node, "eth_getTransactionCount", KEYS.addresses[1], "latest"), 16)


def test_a_day_without_the_chain_is_repaired_by_one_transaction(units, clock, node, cable):
    chain = opened(units, cable.url)
    keeper = keeper_of(units, chain)
    publish(units, 3)
    keeper.look()
    before = sent_by_the_anchorer(node)
    cable.pull()
    for _ in range(LOOKS_A_DAY):
        clock.advance(seconds=MINUTES_10)
        publish(units, 1)
        assert keeper.look() is False
    with units.begin(Reach.PUBLIC) as uow:
        status = get_chain_status(uow.session, clock.now())
    assert status.failing_since is not None
    assert status.unanchored_count == LOOKS_A_DAY
    cable.plug()
    clock.advance(seconds=MINUTES_10)
    assert keeper.look() is True
    assert sent_by_the_anchorer(node) == before + 1
    assert {anchor.state for anchor in anchors(units)} == {"final"}
    with units.begin(Reach.PUBLIC) as uow:
        status = get_chain_status(uow.session, clock.now())
    assert (status.unanchored_count, status.failing_since) == (0, None)
    chain.close()


def test_a_reply_that_was_lost_anchors_once(units, clock, node, cable):
    """The node took the transaction; the line broke before it could say so."""
    chain = opened(units, cable.url)
    keeper = keeper_of(units, chain)
    publish(units, 3)
    send = chain.anchors.send

    def send_and_lose(raw):
        send(raw)
        cable.pull()

    chain.anchors.send = send_and_lose
    keeper.look()
    chain.anchors.send = send
    cable.plug()
    clock.advance(seconds=MINUTES_10)
    keeper.look()
    assert sent_by_the_anchorer(node) == 1
    assert [anchor.state for anchor in anchors(units)] == ["final"]
    chain.close()


@pytest.fixture
def other_units(postgres, template_database, database_url, clock):
    """A second installation's units of work, on a database of its own."""
    name = f"{make_url(database_url).database}_other"
    url = embedded_postgres.ensure_database(postgres, name, template=template_database)
    engine = make_engine(url)
    yield UnitOfWorkFactory(engine, clock, IdSource(clock))
    engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def adopt(units, other_units):
    """Let the second installation know the contracts of the first, as stolen settings would."""
    with units.begin(Reach.EXCHANGE) as uow:
        rows = uow.session.connection().exec_driver_sql("SELECT * FROM chain_deployments").all()
        columns = uow.session.connection().exec_driver_sql(
            "SELECT string_agg(column_name, ',' ORDER BY ordinal_position)"
            " FROM information_schema.columns WHERE table_name = 'chain_deployments'"
        )
        names = columns.scalar()
    places = ",".join(["%s"] * len(names.split(",")))
    with other_units.begin(Reach.EXCHANGE) as uow:
        for row in rows:
            uow.session.connection().exec_driver_sql(
                f"INSERT INTO chain_deployments ({names}) VALUES ({places})",  # noqa: S608 -- the catalogue's own names
                tuple(row),
            )
        uow.commit()


def test_a_second_writer_stops_the_first_from_signing(units, other_units, node):
    ours = opened(units, node)
    publish(units, 3)
    keeper_of(units, ours).look()
    adopt(units, other_units)
    theirs = opened(other_units, node)
    publish(other_units, 9)
    keeper_of(other_units, theirs).look()
    with pytest.raises(SigningStopped):
        publish(other_units, 1)
    with other_units.begin(Reach.PUBLIC) as uow:
        assert "the anchor contract" in str(signing_stopped(uow.session))
    assert ours.anchors.head().size == 4, "the contract kept the head that it had"
    ours.close()
    theirs.close()


def test_a_restored_backup_signs_nothing_more(units, engine, postgres, database_url, clock, node):
    chain = opened(units, node)
    publish(units, 3)
    keeper_of(units, chain).look()
    engine.dispose()
    name = make_url(database_url).database
    backup = embedded_postgres.ensure_database(postgres, f"{name}_backup", template=name)
    publish(units, 5)
    clock.advance(seconds=MINUTES_10)
    keeper_of(units, chain).look()
    restored_engine = make_engine(backup)
    restored = UnitOfWorkFactory(restored_engine, clock, IdSource(clock))
    access = opened(restored, node)
    keeper_of(restored, access).look()
    with pytest.raises(SigningStopped):
        publish(restored, 1)
    assert access.anchors.head().size == 9, "nothing was signed or sent from the backup"
    for each in (chain, access):
        each.close()
    restored_engine.dispose()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}_backup WITH (FORCE)")
