"""Anchors and records on a node that really re-organises (anvil), skipped where that is absent."""

import hashlib
import secrets

import pytest
from sqlalchemy import select

from app.core.reach import Reach
from contracts.deployments import open_chain
from contracts.errors import TransactionPending
from contracts.licence_entries import chain_licence_id
from contracts.licence_services import LicenceRecorder
from contracts.models import ChainKey, ChainLicence, ChainStatement
from contracts.record_services import (
    KeyRecorder,
    StatementRecorder,
    chain_origin,
    chain_statement_id,
)
from contracts.registries import LicenceStanding, StatementRoot
from ledger.log.anchors.keeper import AnchorKeeper
from ledger.log.anchors.models import Anchor
from ledger.log.anchors.states import AnchorPolicy
from tests.adapters.chain_nodes import anvil, rpc
from tests.unit.contracts.embedded import KEYS
from tests.unit.log.anchor_chain import publish
from tests.unit.log.log_factory import ORIGIN

pytestmark = pytest.mark.chain


@pytest.fixture
def url():
    with anvil() as address:
        yield address


@pytest.fixture
def access(units, url):
    opened = open_chain(units, url, KEYS, "confirmations:3", origin=ORIGIN)
    yield opened
    opened.close()


@pytest.fixture
def keeper(units, access):
    return AnchorKeeper(units, ORIGIN, access.anchors, AnchorPolicy(interval_seconds=600))


def states(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return list(uow.session.scalars(select(Anchor.state).order_by(Anchor.id)))


def test_an_anchor_is_final_after_its_confirmations(units, url, keeper):
    publish(units, 3)
    keeper.look()
    assert states(units) == ["mined"]
    rpc(url, "anvil_mine", "0x2")
    keeper.look()
    assert states(units) == ["final"]


def test_anchors_of_lost_blocks_come_back_onto_the_chain(units, url, access, keeper, clock):
    for _ in range(3):
        publish(units, 2)
        keeper.look()
        clock.advance(seconds=600)
    newest = access.anchors.head()
    rpc(url, "anvil_reorg", 2, [])
    assert access.anchors.head().size < newest.size
    for _ in range(4):
        keeper.look()
    assert (access.anchors.head().size, access.anchors.head().root) == (newest.size, newest.root)
    assert "lost" not in states(units)
    rpc(url, "anvil_mine", "0x3")
    keeper.look()
    assert states(units) == ["final"] * 3


def test_a_transaction_in_the_pool_is_not_an_anchor(units, url, access, keeper):
    rpc(url, "evm_setAutomine", False)
    publish(units, 3)
    keeper.look()
    assert states(units) == ["sent"]
    assert access.anchors.head().size == 0
    rpc(url, "anvil_dropAllTransactions")
    rpc(url, "evm_setAutomine", True)
    keeper.look()
    assert states(units) == ["mined"]


# Records

DIGEST = hashlib.sha256(b"a record").hexdigest()
LICENCE, STATEMENT = "lic_00000000000000000000000001", "stm_00000000000000000000000001"


class Licences:
    """A licence that is granted and revoked."""

    row = (ChainLicence, LICENCE)

    def __init__(self, units, access):
        self._recorder = LicenceRecorder(units, access.licences, secrets.token_bytes)
        self._registry = access.licences
        starts = {"starts_at": "2026-11-20T08:00:00.000000Z", "ends_at": None}
        self._grant = {"licence_id": LICENCE, "terms_hash": DIGEST, **starts}

    def steps(self):
        return [
            (lambda: self._recorder.grant_licence(self._grant), "granted"),
            (lambda: self._recorder.revoke_licence({"licence_id": LICENCE}), "revoked"),
        ]

    def seen(self):
        return self._registry.standing(chain_licence_id(LICENCE))


class Statements:
    """A statement whose root is recorded."""

    row = (ChainStatement, STATEMENT)

    def __init__(self, units, access):
        self._recorder = StatementRecorder(units, access.statements)
        self._registry = access.statements

    def steps(self):
        message = {"statement_id": STATEMENT, "root_hash": DIGEST}
        return [(lambda: self._recorder.record_statement(message), "recorded")]

    def seen(self):
        return self._registry.root_of(chain_statement_id(STATEMENT))


class Keys:
    """A key that is announced and retired."""

    row = (ChainKey, (ORIGIN, DIGEST))

    def __init__(self, units, access):
        self._recorder = KeyRecorder(units, access.keys)
        self._registry = access.keys
        self._named = {"origin": ORIGIN, "public_key": DIGEST}

    def steps(self):
        key = {**self._named, "role": "receipts", "from_size": 7}
        end = {**self._named, "until_size": 90}
        return [
            (lambda: self._recorder.announce_key(key), "announced"),
            (lambda: self._recorder.retire_key(end), "retired"),
        ]

    def seen(self):
        return self._registry.key(chain_origin(ORIGIN), bytes.fromhex(DIGEST))


@pytest.fixture(params=[Licences, Statements, Keys])
def records(request, units, access):
    return request.param(units, access)


def state_of(units, records):
    with units.begin(Reach.EXCHANGE) as uow:
        return uow.session.get_one(*records.row).state


def deliver_in_vain(deliver):
    with pytest.raises(TransactionPending):
        deliver()


def test_a_record_of_a_lost_block_comes_back_and_is_done_when_final(units, url, records):
    for deliver, done in records.steps():
        before = records.seen()
        deliver_in_vain(deliver)
        recorded = records.seen()
        assert recorded != before
        rpc(url, "anvil_reorg", 1, [])
        assert records.seen() == before
        for _ in range(2):
            deliver_in_vain(deliver)
            assert state_of(units, records) != done
        assert records.seen() == recorded
        rpc(url, "anvil_mine", "0x2")
        deliver()
        assert state_of(units, records) == done


def test_what_the_final_block_holds_is_read_there(url, access):
    """Even before the contract itself is final."""
    registry, statement = access.statements, chain_statement_id(STATEMENT)
    assert registry.final_root_of(statement) is None
    assert access.keys.final_key(chain_origin(ORIGIN), bytes(32)) is None
    root = bytes.fromhex(DIGEST)
    signed = registry.sign_records([StatementRoot(statement, root)], registry.next_nonce())
    registry.send(signed.raw)
    assert (registry.root_of(statement), registry.final_root_of(statement)) == (root, None)
    rpc(url, "anvil_mine", "0x2")
    assert registry.final_root_of(statement) == root


def test_a_revocation_does_not_wait_until_its_grant_is_final(units, url, access):
    licences = Licences(units, access)
    (grant, _), (revoke, _) = licences.steps()
    deliver_in_vain(grant)
    deliver_in_vain(revoke)
    assert licences.seen() is LicenceStanding.REVOKED
    rpc(url, "anvil_mine", "0x2")
    for deliver in (grant, revoke):
        deliver()
    with units.begin(Reach.EXCHANGE) as uow:
        row = uow.session.get_one(*licences.row)
    assert row.state == "revoked"
    assert row.granted_at is not None
    assert row.revoked_at is not None


def test_a_grant_and_its_revocation_of_lost_blocks_both_come_back(units, url, access):
    licences = Licences(units, access)
    (grant, _), (revoke, _) = licences.steps()
    deliver_in_vain(grant)
    deliver_in_vain(revoke)
    rpc(url, "anvil_reorg", 2, [])
    assert licences.seen() is LicenceStanding.UNKNOWN
    for deliver in (grant, revoke):
        deliver_in_vain(deliver)
    rpc(url, "anvil_mine", "0x2")
    for deliver in (grant, revoke):
        deliver()
    assert licences.seen() is LicenceStanding.REVOKED
    assert state_of(units, licences) == "revoked"
