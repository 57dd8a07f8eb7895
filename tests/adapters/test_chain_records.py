"""Statements and log keys through the outbox: once on chain, however often they are delivered."""

import hashlib
from contextlib import closing

import pytest

from app.core.reach import Reach
from contracts.client import JsonRpcChain
from contracts.deployments import open_chain
from contracts.errors import ChainRefused, KeyNotOnChain, StatementDiffers
from contracts.models import ChainKey, ChainStatement
from contracts.record_services import (
    KeyRecorder,
    StatementRecorder,
    chain_origin,
    chain_statement_id,
)
from contracts.registries import AnnouncedKey, JsonRpcSettlementRegistry, KeyRole
from tests.adapters.chain_nodes import anvil, embedded, rpc
from tests.unit.contracts.embedded import KEYS, STRANGER

pytestmark = pytest.mark.chain
ORIGIN = "exchange.example/log/2026"
ROOT = hashlib.sha256(b"rows").hexdigest()
STATEMENT = {"statement_id": "stm_00000000000000000000000001", "root_hash": ROOT}
PUBLIC_KEY = hashlib.sha256(b"key").hexdigest()
KEY = {"origin": ORIGIN, "public_key": PUBLIC_KEY, "role": "receipts", "from_size": 7}
END = {"origin": ORIGIN, "public_key": PUBLIC_KEY, "until_size": 90}


class Killed(BaseException):
    """The process ends here."""


def kill(*_args, **_kwargs):
    raise Killed


@pytest.fixture(params=["embedded", "anvil"])
def url(request, tmp_path, clock):
    with anvil() if request.param == "anvil" else embedded(tmp_path / "chain", clock) as address:
        yield address


@pytest.fixture
def chain(units, url):
    opened = open_chain(units, url, KEYS, origin=ORIGIN)
    yield opened
    opened.close()


def statements(units, chain):
    return StatementRecorder(units, chain.statements)


def keys(units, chain):
    return KeyRecorder(units, chain.keys)


def row(units, kind, key):
    with units.begin(Reach.EXCHANGE) as uow:
        return uow.session.get_one(kind, key)


def announced(chain):
    return chain.keys.key(chain_origin(ORIGIN), bytes.fromhex(PUBLIC_KEY))


def test_a_statement_delivered_twice_makes_one_transaction(units, chain, url):
    before = int(rpc(url, "eth_blockNumber"), 16)
    for _ in range(3):
        statements(units, chain).record_statement(STATEMENT)
    recorded = chain.statements.root_of(chain_statement_id(STATEMENT["statement_id"]))
    assert recorded == bytes.fromhex(ROOT)
    assert row(units, ChainStatement, STATEMENT["statement_id"]).state == "recorded"
    assert int(rpc(url, "eth_blockNumber"), 16) == before + 1


def test_another_root_than_the_chain_s_is_a_matter_for_a_person(units, chain):
    statements(units, chain).record_statement(STATEMENT)
    with pytest.raises(StatementDiffers):
        statements(units, chain).record_statement({**STATEMENT, "root_hash": PUBLIC_KEY})


def test_a_process_killed_before_sending_sends_the_stored_bytes(units, chain, monkeypatch):
    monkeypatch.setattr(chain.statements, "send", kill)
    with pytest.raises(Killed):
        statements(units, chain).record_statement(STATEMENT)
    stored = row(units, ChainStatement, STATEMENT["statement_id"])
    monkeypatch.undo()
    statements(units, chain).record_statement(STATEMENT)
    sent = row(units, ChainStatement, STATEMENT["statement_id"])
    assert sent.transaction_hash == stored.transaction_hash


def test_a_key_is_announced_once_and_retired_for_good(units, chain, url):
    before = int(rpc(url, "eth_blockNumber"), 16)
    with pytest.raises(KeyNotOnChain):
        keys(units, chain).retire_key(END)
    for _ in range(2):
        keys(units, chain).announce_key(KEY)
    assert announced(chain) == AnnouncedKey(KeyRole.RECEIPTS, 7, None)
    for _ in range(2):
        keys(units, chain).retire_key(END)
    keys(units, chain).announce_key(KEY)
    assert announced(chain) == AnnouncedKey(KeyRole.RECEIPTS, 7, 90)
    stored = row(units, ChainKey, (ORIGIN, PUBLIC_KEY))
    assert (stored.state, stored.until_size) == ("retired", 90)
    assert int(rpc(url, "eth_blockNumber"), 16) == before + 2


def test_a_compromise_found_late_moves_the_end_back(units, chain):
    keys(units, chain).announce_key(KEY)
    keys(units, chain).retire_key(END)
    keys(units, chain).retire_key({**END, "until_size": 40})
    keys(units, chain).retire_key({**END, "until_size": 60})
    assert announced(chain).until_size == 40
    assert row(units, ChainKey, (ORIGIN, PUBLIC_KEY)).until_size == 40


def test_the_same_key_speaks_for_the_next_shard_too(units, chain):
    keys(units, chain).announce_key(KEY)
    keys(units, chain).announce_key({**KEY, "origin": "exchange.example/log/2027", "from_size": 0})
    assert announced(chain).from_size == 7
    assert row(units, ChainKey, ("exchange.example/log/2027", PUBLIC_KEY)).state == "announced"


def test_what_the_contract_reverts_is_a_failure_and_does_not_wait(units, chain, url):
    """Its gas is spent at every try: tries are counted, and end with a person who looks."""
    with closing(JsonRpcChain(url, bytes(STRANGER.key))) as stranger:
        registry = JsonRpcSettlementRegistry(stranger, chain.statements.contract)
        with pytest.raises(ChainRefused, match="reverted"):
            StatementRecorder(units, registry).record_statement(STATEMENT)
