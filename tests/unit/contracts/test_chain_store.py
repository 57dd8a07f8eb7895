"""The chain's store: a block at a time, or nothing of it."""

import sqlite3

import pytest

from contracts.chain_store import ChainStore


@pytest.fixture
def file(tmp_path):
    return tmp_path / "chain.sqlite"


@pytest.fixture
def store(file):
    made = ChainStore(file)
    yield made
    made.close()


def reopened(file):
    store = ChainStore(file)
    try:
        return {key: store[key] for key in (b"a", b"b") if key in store}
    finally:
        store.close()


def test_waiting_writes_are_seen_here_and_nowhere_else(store, file):
    store[b"a"] = b"1"
    assert store[b"a"] == b"1"
    assert b"a" in store
    assert reopened(file) == {}


def test_persisted_writes_survive(store, file):
    store[b"a"], store[b"b"] = b"1", b"2"
    store.persist()
    assert reopened(file) == {b"a": b"1", b"b": b"2"}


def test_a_removal_waits_like_a_write(store, file):
    store[b"a"] = b"1"
    store.persist()
    del store[b"a"]
    assert b"a" not in store
    with pytest.raises(KeyError):
        store[b"a"]
    assert reopened(file) == {b"a": b"1"}
    store.persist()
    assert reopened(file) == {}


def test_discarded_writes_are_forgotten(store):
    store[b"a"] = b"1"
    store.persist()
    store[b"a"], store[b"b"] = b"2", b"3"
    store.discard()
    assert store[b"a"] == b"1"
    assert b"b" not in store


def test_a_failed_persist_leaves_the_file_and_the_waiting_writes(store, file):
    store[b"a"] = b"1"
    store._waiting[b"b"] = 1.5j  # SQLite has no such type
    with pytest.raises(Exception, match="type"):
        store.persist()
    assert reopened(file) == {}
    assert store[b"a"] == b"1"


def test_a_commit_that_fails_leaves_nothing_open_behind_it(store, file):
    """Checked only when it commits, as a full disk may be."""
    for statement in (
        "PRAGMA foreign_keys=ON",
        "CREATE TABLE missing (id INTEGER PRIMARY KEY)",
        "CREATE TABLE owed (id REFERENCES missing (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER owing AFTER INSERT ON entries BEGIN INSERT INTO owed VALUES (1); END",
    ):
        store._connection.execute(statement)
    store[b"a"] = b"1"
    with pytest.raises(sqlite3.IntegrityError):
        store.persist()
    store.discard()
    assert b"a" not in store
    store._connection.execute("DROP TRIGGER owing")
    store[b"b"] = b"2"
    store.persist()
    assert reopened(file) == {b"b": b"2"}


def test_the_file_is_written_with_full_durability(store):
    modes = [
        store._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    ]
    assert modes == ["wal", 2]
