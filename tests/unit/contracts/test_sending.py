"""A transaction under way: sent again as it is, or outbid under its nonce when gas got dearer."""

import hashlib

import pytest

from app.core.reach import Reach
from contracts.client import SignedTransaction, TransactionState, TransactionStatus
from contracts.errors import TransactionPending
from contracts.models import ChainStatement
from contracts.record_services import StatementRecorder

STATEMENT = {"statement_id": "stm_00000000000000000000000001", "root_hash": "ab" * 32}


class PatientChain:
    """Takes into a block what offers enough, and keeps the rest waiting; one for each nonce."""

    def __init__(self):
        self.price, self.wanted = 10, 10
        self.pool, self.mined, self.recorded = {}, {}, None

    def root_of(self, _statement):
        return self.recorded

    def next_nonce(self):
        return len(self.mined) + len(self.pool)

    def mined_nonce(self):
        return len(self.mined)

    def sign_records(self, statements, nonce):
        raw = f"{nonce}:{self.price}:{statements[0].root.hex()}".encode()
        return SignedTransaction(raw, "0x" + hashlib.sha256(raw).hexdigest(), nonce)

    def is_outbid(self, raw):
        return 8 * self.price > 9 * int(raw.split(b":")[1])

    def send(self, raw):
        nonce, price, root = raw.decode().split(":")
        if int(price) >= self.wanted:
            self.mined[nonce], self.recorded = raw, bytes.fromhex(root)
            self.pool.pop(nonce, None)
        elif nonce not in self.mined:
            self.pool[nonce] = raw

    def status(self, transaction_hash):
        for state, known in (
            (TransactionState.MINED, self.mined),
            (TransactionState.PENDING, self.pool),
        ):
            hashes = {"0x" + hashlib.sha256(raw).hexdigest() for raw in known.values()}
            if transaction_hash in hashes:
                return TransactionStatus(state)
        return TransactionStatus(TransactionState.UNKNOWN)


@pytest.fixture
def chain():
    return PatientChain()


@pytest.fixture
def recorder(units, chain):
    return StatementRecorder(units, chain)


def stored(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return uow.session.get_one(ChainStatement, STATEMENT["statement_id"])


def deliver(recorder):
    with pytest.raises(TransactionPending):
        recorder.record_statement(STATEMENT)


def test_what_waits_is_sent_again_as_it_is_while_gas_costs_the_same(units, chain, recorder):
    chain.wanted = 20
    deliver(recorder)
    before = stored(units)
    deliver(recorder)
    assert stored(units).raw_transaction == before.raw_transaction
    assert len(chain.pool) == 1


def test_what_offers_too_little_is_outbid_under_its_own_nonce(units, chain, recorder):
    chain.wanted = 20
    deliver(recorder)
    before = stored(units)
    chain.price = 20
    recorder.record_statement(STATEMENT)
    after = stored(units)
    assert (after.nonce, after.state) == (before.nonce, "recorded")
    assert after.transaction_hash != before.transaction_hash
    assert (len(chain.mined), chain.pool) == (1, {})


def test_nobody_is_outbid_by_less_than_a_node_asks_for(units, chain, recorder):
    chain.wanted = 20
    deliver(recorder)
    before = stored(units)
    chain.price = 11
    deliver(recorder)
    assert stored(units).raw_transaction == before.raw_transaction
