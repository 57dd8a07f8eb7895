"""A contract's creation under way: outbid under its nonce when gas got dearer, refusals told."""

import hashlib

import pytest
from eth_typing import HexAddress, HexStr
from sqlalchemy import select
from web3.types import Nonce
from web3.utils.address import get_create_address

from app.core.reach import Reach
from contracts.artefacts import load_artefact
from contracts.client import ChainFacts, SignedTransaction, TransactionState, TransactionStatus
from contracts.deployments import KEYS_SUBJECT, Wanted, ensure_deployed
from contracts.errors import ChainRefused, TransactionPending
from contracts.models import ChainDeployment
from contracts.registries import KEY_REGISTRY
from tests.unit.contracts.embedded import KEYS

ACCOUNT = KEYS.addresses[0]
WANTED = Wanted(KEY_REGISTRY, KEYS_SUBJECT, (ACCOUNT,))


class PatientChain:
    """Mines creations that offer enough and keeps the rest waiting; one for each nonce."""

    facts = ChainFacts(1, "0x" + "ab" * 32, "node/1", "instant")
    account = ACCOUNT

    def __init__(self):
        self.price, self.wanted, self.refusal = 10, 10, None
        self.pool, self.mined = {}, {}

    def next_nonce(self):
        return len(self.mined) + len(self.pool)

    def mined_nonce(self):
        return len(self.mined)

    def sign(self, *, to, data, gas, nonce):
        assert to is None
        raw = f"{nonce}:{self.price}:{gas}:{data.hex()}".encode()
        return SignedTransaction(raw, "0x" + hashlib.sha256(raw).hexdigest(), nonce)

    def is_outbid(self, raw):
        return 8 * self.price > 9 * int(raw.split(b":")[1])

    def send(self, raw):
        if self.refusal is not None:
            raise ChainRefused(self.refusal)
        nonce, price, *_ = map(int, raw.split(b":")[:2])
        if price >= self.wanted:
            self.mined[nonce] = raw
            self.pool.pop(nonce, None)
        elif nonce not in self.mined:
            self.pool[nonce] = raw

    def status(self, transaction_hash):
        for state, known in (
            (TransactionState.FINAL, self.mined),
            (TransactionState.PENDING, self.pool),
        ):
            if transaction_hash in {
                "0x" + hashlib.sha256(raw).hexdigest() for raw in known.values()
            }:
                return TransactionStatus(state)
        return TransactionStatus(TransactionState.UNKNOWN)

    def code_at(self, address):
        account = HexAddress(HexStr(ACCOUNT))
        made = {str(get_create_address(account, Nonce(nonce))) for nonce in self.mined}
        return load_artefact(KEY_REGISTRY).runtime_bytecode if address in made else b""


@pytest.fixture
def chain():
    return PatientChain()


def deploy_in_vain(units, chain):
    with pytest.raises(TransactionPending) as pending:
        ensure_deployed(units, chain, WANTED)
    return pending.value


def stored(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return uow.session.scalars(select(ChainDeployment)).one()


def test_a_creation_that_waits_is_left_while_gas_costs_the_same(units, chain):
    chain.wanted = 20
    deploy_in_vain(units, chain)
    before = stored(units)
    deploy_in_vain(units, chain)
    assert stored(units).raw_transaction == before.raw_transaction
    assert list(chain.pool.values()) == [before.raw_transaction]


def test_a_creation_that_offers_too_little_is_outbid_and_keeps_its_address(units, chain):
    chain.wanted = 20
    deploy_in_vain(units, chain)
    before = stored(units)
    chain.price = 20
    assert ensure_deployed(units, chain, WANTED) == before.address
    after = stored(units)
    assert (after.state, after.nonce, after.address) == ("mined", before.nonce, before.address)
    assert chain.mined == {before.nonce: after.raw_transaction}
    assert chain.pool == {}


def test_why_a_node_refuses_a_creation_is_told(units, chain):
    """It waits: coins may come, or another process may have been faster."""
    chain.refusal = "insufficient funds for gas * price + value"
    assert "insufficient funds" in deploy_in_vain(units, chain).detail
    chain.refusal = None
    ensure_deployed(units, chain, WANTED)
    assert stored(units).state == "mined"
