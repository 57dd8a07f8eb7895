# ruff: noqa: ARG002 -- the fakes take what the ports give and use what a test needs
"""Small stand-ins for the ledger's side of metering, honest about sums, on tables of their own."""

import threading

TABLES = """
CREATE TABLE IF NOT EXISTS fake_wallets (
    organisation_id text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0));
CREATE TABLE IF NOT EXISTS fake_holds (
    lease_id text PRIMARY KEY, organisation_id text NOT NULL, amount bigint NOT NULL,
    spent bigint CHECK (spent BETWEEN 0 AND amount));
CREATE TABLE IF NOT EXISTS fake_postings (
    lane_id text NOT NULL, first_n bigint NOT NULL, last_n bigint NOT NULL, lease_id text NOT NULL,
    buyer_id text NOT NULL, supplier_id text NOT NULL, amount bigint NOT NULL,
    PRIMARY KEY (lane_id, first_n));
CREATE TABLE IF NOT EXISTS fake_leaves (
    id bigserial PRIMARY KEY, leaf_hash bytea NOT NULL UNIQUE, leaf bytea NOT NULL,
    entry_type text NOT NULL, licence_id text, lane bigint, n bigint);
"""


class FakeWallets:
    """Wallets in one table; a hold takes the money out of the balance at once."""

    def reserve(
        self, connection, *, organisation_id, currency, wanted_amount, least_amount, lease_id
    ):
        row = connection.execute(
            "SELECT balance FROM fake_wallets WHERE organisation_id = %s FOR UPDATE",
            (organisation_id,),
        ).fetchone()
        taken = min(wanted_amount, row[0] if row else 0)
        if taken < least_amount or not taken:
            return 0
        connection.execute(
            "UPDATE fake_wallets SET balance = balance - %s WHERE organisation_id = %s",
            (taken, organisation_id),
        )
        connection.execute(
            "INSERT INTO fake_holds VALUES (%s, %s, %s, NULL)", (lease_id, organisation_id, taken)
        )
        return taken

    def available(self, connection, *, organisation_id, currency):
        row = connection.execute(
            "SELECT balance FROM fake_wallets WHERE organisation_id = %s", (organisation_id,)
        ).fetchone()
        return row[0] if row else 0

    def settle(self, connection, *, lease_id, spent_amount):
        row = connection.execute(
            "UPDATE fake_holds SET spent = %s WHERE lease_id = %s AND spent IS NULL"
            " RETURNING organisation_id, amount",
            (spent_amount, lease_id),
        ).fetchone()
        assert row is not None, "a lease is settled once"
        connection.execute(
            "UPDATE fake_wallets SET balance = balance + %s WHERE organisation_id = %s",
            (row[1] - spent_amount, row[0]),
        )


class FakeBooks:
    """Writes what it was told."""

    def post_runs(self, cursor, runs, *, booked_at):
        for run in runs:
            assert sum(run.split.values()) == 10_000
            cursor.execute(
                "INSERT INTO fake_postings VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (
                    run.lane_id,
                    run.first_n,
                    run.last_n,
                    run.lease_id,
                    run.buyer_id,
                    run.supplier_id,
                    run.amount,
                ),
            )


class FakeLog:
    """Keeps the leaves in the order in which they came."""

    def append_leaves(self, cursor, rows):
        columns = [list(column) for column in zip(*rows, strict=True)]
        cursor.execute(
            "INSERT INTO fake_leaves (leaf_hash, leaf, entry_type, licence_id, lane, n)"
            " SELECT * FROM unnest(%s::bytea[], %s::bytea[], %s::text[], %s::text[],"
            " %s::bigint[], %s::bigint[])",
            columns,
        )


class HeldUpstream:
    """An upstream inside the process whose answers a test gives, holds back or withholds."""

    def __init__(self, answer):
        self.answer = answer
        self.calls = []
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Event()

    def send(self, target, parameters):
        self.calls.append(dict(parameters))
        self.asked.set()
        assert self.gate.wait(20), "the test never let the upstream answer"
        return self.answer(parameters) if callable(self.answer) else self.answer

    def close(self):
        pass
