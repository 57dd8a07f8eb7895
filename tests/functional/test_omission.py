"""An exchange that forgets a call is refuted by its own two signatures, and nobody's good will."""

import base64
import json
import os
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from counterfoil_verify.cli import main as verify
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.vault import ReceiptVault
from psycopg import sql
from sqlalchemy import make_url

from app import embedded_postgres
from demo import onboarding
from demo.calls import Call, call, decode_receipt
from demo.http import Client
from demo.world import World
from tests.factories.whole_exchange import WholeExchange, trade


@pytest.fixture
def exchange_url(postgres, template_database):
    name = f"omission_{os.getpid()}"
    yield embedded_postgres.ensure_database(postgres, name, template=template_database)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def asked(exchange, trade_, number):
    """The answer to one call and its receipt."""
    client = Client(exchange.base_url, trade_.key)
    path = f"/data/{trade_.listing_code}?icao=ZSPD"
    answer, _ = call(client, Call(path, f"omission-{number}"))
    assert answer.status == 200, answer.body
    return decode_receipt(answer.headers["usage-receipt"])


def leaf_of(receipt):
    return json.loads(base64.b64decode(receipt["entry"]))


def forget(postgres, url, licence_id, leaf):
    """What a restored backup, or a dishonest operator with every right, does to one call."""
    place = (licence_id, leaf["lane"], leaf["n"])
    database = make_url(url).database
    with psycopg.connect(postgres, dbname=database) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in ("log_waiting", "log_entries", "usage_events"):
            statement = sql.SQL("DELETE FROM {} WHERE licence_id = %s AND lane = %s AND n = %s")
            deleted = connection.execute(statement.format(sql.Identifier(table)), place)
            assert deleted.rowcount == 1, table
        # The books would refuse to settle a lease whose spend they do not know: they forget it too.
        booked = connection.execute(
            "SELECT transaction_id FROM journal_transactions t JOIN lanes l"
            " ON t.reference = l.lane_id || ':' || %(n)s || '-' || %(n)s"
            " WHERE l.licence_id = %(licence)s",
            {"n": leaf["n"], "licence": licence_id},
        ).fetchone()
        for table in ("postings", "journal_transactions"):
            statement = sql.SQL("DELETE FROM {} WHERE transaction_id = %s")
            connection.execute(statement.format(sql.Identifier(table)), booked)
        connection.execute("DELETE FROM call_answers WHERE licence_id = %s", (licence_id,))
        connection.execute(
            "UPDATE lanes SET holder = NULL, sequence = %s, total_units = total_units - %s,"
            " total_amount = total_amount - %s, last_leaf_hash = %s"
            " WHERE licence_id = %s AND number = %s",
            (
                leaf["n"] - 1,
                leaf["units"],
                int(leaf["amount"]),
                bytes.fromhex(leaf["previous"]),
                licence_id,
                leaf["lane"],
            ),
        )


def test_a_forgotten_call_ends_in_two_contradicting_signatures(
    postgres, exchange_url, tmp_path, capsys
):
    exchange = WholeExchange(exchange_url, tmp_path / "var")
    world = World(exchange)
    onboarding.open_the_exchange(world)
    world = trade(exchange, world.staff, "omission", 7)
    honest = asked(exchange, world.airports, 1)
    exchange.application.close()  # the supplier's system goes on
    forget(postgres, exchange_url, world.airports.licence_id, leaf_of(honest))

    again = WholeExchange(exchange_url, tmp_path / "var")
    try:
        world.installation = again
        other = asked(again, world.airports, 2)
        again.settle()
        keys = Client(again.base_url).get("/log/keys")
        evidence = bill(again, world)
    finally:
        again.close()
        exchange.close()
    paths = written(tmp_path, keys=keys, honest=honest, other=other, evidence=evidence)

    assert leaf_of(honest)["n"] == leaf_of(other)["n"]
    for statement in ("other", "evidence"):
        arguments = [paths["honest"], paths[statement], "--keys", paths["keys"]]
        assert verify(["contradiction", *arguments]) == 0
        assert "two different leaves" in (said := capsys.readouterr().out) or "another leaf" in said
    vault = ReceiptVault(tmp_path / "vault", parse_keyring(json.dumps(keys).encode(), "test"))
    vault.take(json.dumps(honest).encode())
    with pytest.raises(Rejected):
        vault.take(json.dumps(other).encode())
    assert len(vault.contradictions()) == 1, "the buyer holds both signatures"
    vault.close()


def bill(exchange, world):
    """The invoice over everything until now, with its evidence."""
    buyer = Client(exchange.base_url, world.buyer.client.token)
    now = datetime.now(UTC)
    period = {"from": (now - timedelta(days=1)).isoformat(), "until": now.isoformat()}
    issued = buyer.post("/v1/invoices", {"licence_id": world.airports.licence_id, **period})
    exchange.settle()
    return buyer.get(f"/v1/invoices/{issued['id']}/evidence")


def written(folder, **documents):
    paths = {}
    for name, document in documents.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        paths[name] = str(path)
    return paths
