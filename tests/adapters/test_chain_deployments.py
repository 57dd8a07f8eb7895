"""Deployment on first start, whenever the process dies, and licences through the outbox."""

import hashlib
import secrets

import pytest
from eth_account import Account
from sqlalchemy import select

from app.core.reach import Reach
from contracts import deployments
from contracts.accounts import AccountKeys
from contracts.client import JsonRpcChain
from contracts.deployments import open_chain
from contracts.errors import (
    ChainUnavailable,
    DeploymentMismatch,
    LicenceNotOnChain,
    TransactionPending,
)
from contracts.licence_entries import OPEN_END_SECONDS, chain_licence_id, terms_commitment
from contracts.licence_services import LicenceRecorder
from contracts.models import ChainDeployment, ChainLicence
from contracts.registries import LicenceStanding
from tests.adapters.chain_nodes import embedded, rpc
from tests.unit.contracts.embedded import KEYS

pytestmark = pytest.mark.chain
ORIGIN = "exchange.example/log/2026"
LICENCE = "lic_00000000000000000000000001"
TERMS = hashlib.sha256(b"terms").hexdigest()
GRANT = {
    "licence_id": LICENCE,
    "terms_hash": TERMS,
    "starts_at": "2026-11-20T08:00:00.000000Z",
    "ends_at": None,
}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def url(tmp_path, clock):
    with embedded(tmp_path / "chain", clock) as address:
        yield address


def opened(units, url, origin=ORIGIN):
    return open_chain(units, url, KEYS, origin=origin)


def deployed(units):
    with units.begin(Reach.PUBLIC) as uow:
        return list(uow.session.scalars(select(ChainDeployment).order_by(ChainDeployment.id)))


def test_the_first_start_deploys_and_the_second_finds(units, url):
    first, second = opened(units, url), opened(units, url)
    assert first.anchors.contract == second.anchors.contract != first.licences.contract
    assert [each.state for each in deployed(units)] == ["mined"] * 4
    assert rpc(url, "eth_blockNumber") == "0x4"


def test_another_log_gets_its_own_anchor_registry_and_shares_the_licences(units, url):
    first, second = opened(units, url), opened(units, url, "exchange.example/log/2027")
    assert first.anchors.contract != second.anchors.contract
    assert first.licences.contract == second.licences.contract


def kill(*_args, **_kwargs):
    raise Killed


@pytest.mark.parametrize("place", ["before_sending", "after_sending"])
def test_a_process_killed_while_deploying_leaves_one_contract(units, url, monkeypatch, place):
    if place == "before_sending":
        monkeypatch.setattr(JsonRpcChain, "send", kill)
    else:
        monkeypatch.setattr(deployments, "_settle", kill)
    with pytest.raises(Killed):
        opened(units, url)
    monkeypatch.undo()
    opened(units, url)
    assert [each.state for each in deployed(units)] == ["mined"] * 4
    assert rpc(url, "eth_blockNumber") == "0x4"


def give_coins(url, address):
    """One whole coin of an account that has many."""
    fields = {
        "nonce": 0,
        "gas": 21_000,
        "gasPrice": 2 * int(rpc(url, "eth_gasPrice"), 16),
        "chainId": int(rpc(url, "eth_chainId"), 16),
        "value": 10**18,
        "to": address,
    }
    signed = Account.from_key(KEYS.registrar).sign_transaction(fields)
    rpc(url, "eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())


def test_without_coins_nothing_is_deployed_and_with_them_it_goes_on(units, url):
    poor = AccountKeys.derive(b"p" * 32)
    with pytest.raises(TransactionPending):
        open_chain(units, url, poor, origin=ORIGIN)
    assert [each.state for each in deployed(units)] == ["planned"]
    give_coins(url, poor.addresses[0])
    open_chain(units, url, poor, origin=ORIGIN)
    assert [each.state for each in deployed(units)] == ["mined"] * 4


def test_a_chain_begun_anew_is_given_the_same_contracts_again(units, tmp_path, clock):
    with embedded(tmp_path / "first", clock) as url:
        opened(units, url)
    with embedded(tmp_path / "second", clock) as url:
        access = opened(units, url)
        assert access.anchors.head().size == 0
    assert [each.state for each in deployed(units)] == ["mined"] * 4


def test_other_code_at_the_address_is_refused(units, url):
    opened(units, url)
    with units.begin(Reach.EXCHANGE) as uow:
        anchors, licences, *_ = uow.session.scalars(
            select(ChainDeployment).order_by(ChainDeployment.id)
        )
        anchors.address = licences.address
        uow.commit()
    with pytest.raises(DeploymentMismatch):
        opened(units, url)


def test_a_chain_that_is_away_is_an_outage(units):
    with pytest.raises(ChainUnavailable):
        opened(units, "http://127.0.0.1:9")
    assert deployed(units) == []


@pytest.fixture
def registry(units, url):
    return opened(units, url).licences


def recorder(units, registry):
    return LicenceRecorder(units, registry, secrets.token_bytes)


def row(units):
    with units.begin(Reach.EXCHANGE) as uow:
        return uow.session.get_one(ChainLicence, LICENCE)


def test_a_grant_reaches_the_chain_as_a_salted_commitment(units, registry):
    recorder(units, registry).grant_licence(GRANT)
    granted = registry.grant_of(chain_licence_id(LICENCE))
    assert granted.commitment == terms_commitment(TERMS, row(units).salt)
    assert (granted.starts, granted.ends) == (1_795_161_600, OPEN_END_SECONDS)
    assert row(units).state == "granted"


def test_a_message_delivered_twice_makes_one_transaction(units, registry, url):
    for _ in range(3):
        recorder(units, registry).grant_licence(GRANT)
    assert rpc(url, "eth_blockNumber") == "0x5"


def test_a_revocation_follows_its_grant_and_is_for_good(units, registry, url):
    handlers = recorder(units, registry)
    with pytest.raises(LicenceNotOnChain):
        handlers.revoke_licence({"licence_id": LICENCE})
    handlers.grant_licence(GRANT)
    for _ in range(2):
        handlers.revoke_licence({"licence_id": LICENCE})
    handlers.grant_licence(GRANT)
    assert registry.standing(chain_licence_id(LICENCE)) is LicenceStanding.REVOKED
    assert row(units).state == "revoked"
    assert rpc(url, "eth_blockNumber") == "0x6"


def test_a_process_killed_between_storing_and_sending_sends_the_stored_bytes(
    units, registry, monkeypatch
):
    monkeypatch.setattr(registry, "send", kill)
    with pytest.raises(Killed):
        recorder(units, registry).grant_licence(GRANT)
    stored = row(units)
    monkeypatch.undo()
    recorder(units, registry).grant_licence(GRANT)
    assert row(units).transaction_hash == stored.transaction_hash
    assert registry.status(stored.transaction_hash).state == "final"


def test_a_process_killed_after_sending_grants_once(units, registry, monkeypatch, url):
    handlers = recorder(units, registry)
    monkeypatch.setattr(handlers, "_settle", kill)
    with pytest.raises(Killed):
        handlers.grant_licence(GRANT)
    recorder(units, registry).grant_licence(GRANT)
    assert row(units).state == "granted"
    assert rpc(url, "eth_blockNumber") == "0x5"
