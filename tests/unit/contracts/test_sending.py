"""A transaction under way: sent again as it is, outbid when gas got dearer, done when final."""

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
        self.is_final, self.after_reading = True, lambda: None

    def root_of(self, _statement):
        recorded = self.recorded
        self.after_reading()
        return recorded

    def final_root_of(self, _statement):
        return self.recorded if self.is_final else None

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
            (TransactionState.FINAL if self.is_final else TransactionState.MINED, self.mined),
            (TransactionState.PENDING, self.pool),
        ):
            hashes = {"0x" + hashlib.sha256(raw).hexdigest() for raw in known.values()}
            if transaction_hash in hashes:
                return TransactionStatus(state)
        return TransactionStatus(TransactionState.UNKNOWN)

    def mine(self):
        """Into a block with everything that waits."""
        for nonce, raw in self.pool.items():
            self.mined[nonce], self.recorded = raw, bytes.fromhex(raw.decode().split(":")[2])
        self.pool = {}

    def reorganise(self):
        """To another branch, whose blocks and pool have nothing of this account."""
        self.pool, self.mined, self.recorded = {}, {}, None


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


def test_a_record_is_done_when_its_block_is_final(units, chain, recorder):
    chain.is_final = False
    for _ in range(2):
        deliver(recorder)
        assert stored(units).state == "recording"
    chain.is_final = True
    recorder.record_statement(STATEMENT)
    assert stored(units).state == "recorded"
    assert len(chain.mined) == 1


def test_what_a_reorganisation_took_is_sent_again_as_it_is(units, chain, recorder):
    chain.is_final = False
    deliver(recorder)
    before = stored(units)
    chain.reorganise()
    deliver(recorder)
    assert list(chain.mined.values()) == [before.raw_transaction]
    chain.is_final = True
    recorder.record_statement(STATEMENT)
    assert stored(units).state == "recorded"


def test_what_another_transaction_brought_waits_for_its_final_block_too(units, chain, recorder):
    """One that was outbid in vain, or sent before the database was restored from a backup."""
    chain.is_final = False
    chain.mined["0"], chain.recorded = b"0:10:of-before", bytes.fromhex(STATEMENT["root_hash"])
    deliver(recorder)
    assert stored(units).state == "planned"
    chain.is_final = True
    recorder.record_statement(STATEMENT)
    assert stored(units).state == "recorded"
    assert len(chain.mined) == 1


def test_a_block_that_comes_between_two_questions_costs_no_second_transaction(
    units, chain, recorder
):
    chain.wanted = 20
    deliver(recorder)
    chain.after_reading = chain.mine
    deliver(recorder)
    assert (len(chain.mined), chain.pool) == (1, {})
    recorder.record_statement(STATEMENT)
    assert (stored(units).state, len(chain.mined)) == ("recorded", 1)
