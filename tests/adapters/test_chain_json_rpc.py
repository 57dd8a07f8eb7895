"""One suite over every node: what the exchange asks of a chain."""

from typing import Any

import pytest
from eth_account import Account
from web3 import HTTPProvider, Web3

from contracts.accounts import address_of
from contracts.artefacts import load_artefact
from contracts.client import JsonRpcChain, TransactionState
from contracts.errors import ChainRefused, ChainUnavailable, FinalityUnknown
from contracts.registries import (
    NO_PREDECESSOR,
    JsonRpcAnchorRegistry,
    JsonRpcLicenceRegistry,
    LicenceGrant,
    LicenceStanding,
    creation_data,
)
from tests.adapters.chain_nodes import anvil, embedded
from tests.unit.contracts.embedded import KEYS, STRANGER
from tests.unit.contracts.reference_tree import numbered_tree

pytestmark = pytest.mark.chain
TREE = numbered_tree(40)


@pytest.fixture(scope="module", params=["embedded", "anvil"])
def url(request, tmp_path_factory):
    node = embedded(tmp_path_factory.mktemp("chain")) if request.param == "embedded" else anvil()
    with node as address:
        yield address


def connect(url, key, finality="instant"):
    return JsonRpcChain(url, key, finality, timeout_seconds=5)


def deploy(url, name, *constructor):
    chain = connect(url, KEYS.administrator)
    data = creation_data(load_artefact(name), chain.account, *constructor)
    signed = chain.sign(to=None, data=data, gas=4_000_000, nonce=chain.next_nonce())
    chain.send(signed.raw)
    receipt = Web3(HTTPProvider(url)).eth.get_transaction_receipt(signed.transaction_hash)
    return str(receipt["contractAddress"])


@pytest.fixture
def anchors(url):
    address = deploy(url, "anchor_registry", address_of(KEYS.anchorer), NO_PREDECESSOR)
    return JsonRpcAnchorRegistry(connect(url, KEYS.anchorer), address)


@pytest.fixture
def licences(url):
    address = deploy(url, "licence_registry", address_of(KEYS.registrar))
    return JsonRpcLicenceRegistry(connect(url, KEYS.registrar), address)


def anchor(anchors, size, old=0):
    proof = TREE.consistency(old, size) if old else []
    signed = anchors.sign_anchor(
        size=size, root=TREE.root(size), proof=proof, nonce=anchors.next_nonce()
    )
    anchors.send(signed.raw)
    return signed


def test_the_chain_says_who_it_is(url):
    facts = connect(url, KEYS.anchorer).facts
    assert facts.chain_id > 0
    assert facts.genesis_hash.startswith("0x")
    assert facts.has_independent_validators == ("integrity only" not in facts.client_version)


def test_heads_are_anchored_and_read_back(anchors):
    assert anchors.head().size == 0
    signed = anchor(anchors, 9)
    status = anchors.status(signed.transaction_hash)
    assert status.state == TransactionState.FINAL
    assert status.block_hash == anchors.chain.block_hash(status.block_number)
    assert (anchors.head().size, anchors.head().root) == (9, TREE.root(9))
    anchor(anchors, 30, 9)
    assert anchors.head().size == 30


def test_a_signed_transaction_is_known_only_once_it_is_sent(anchors):
    signed = anchors.sign_anchor(size=4, root=TREE.root(4), proof=[], nonce=anchors.next_nonce())
    assert anchors.status(signed.transaction_hash).state == TransactionState.UNKNOWN
    anchors.send(signed.raw)
    assert anchors.status(signed.transaction_hash).state == TransactionState.FINAL


def test_a_used_nonce_is_refused(anchors):
    nonce = anchors.next_nonce()
    anchor(anchors, 4)
    late = anchors.sign_anchor(size=5, root=TREE.root(5), proof=[], nonce=nonce)
    with pytest.raises(ChainRefused, match="nonce"):
        anchors.send(late.raw)


def test_a_refused_head_is_mined_as_reverted(anchors):
    anchor(anchors, 9)
    signed = anchor(anchors, 5)
    assert anchors.status(signed.transaction_hash).state == TransactionState.REVERTED
    assert anchors.head().size == 9


def test_inclusion_is_asked_of_the_contract(anchors):
    anchor(anchors, 21)
    path = TREE.inclusion(4, 21)
    assert anchors.is_included(TREE._leaves[4], 4, path)
    assert not anchors.is_included(TREE._leaves[5], 4, path)


def test_licences_are_granted_in_batches_and_revoked(licences):
    grants = [LicenceGrant(bytes([n + 1]) * 32, bytes(32), 10, 20) for n in range(3)]
    for batch in (grants[:1], grants[1:]):
        licences.send(licences.sign_grants(batch, licences.next_nonce()).raw)
    assert [licences.grant_of(each.id) for each in grants] == grants
    licences.send(licences.sign_revocation(grants[0].id, licences.next_nonce()).raw)
    standings = [licences.standing(each.id) for each in grants]
    assert standings == [LicenceStanding.REVOKED, *[LicenceStanding.STANDING] * 2]
    assert licences.standing(b"\xee" * 32) is LicenceStanding.UNKNOWN
    assert licences.grant_of(b"\xee" * 32) is None


def test_confirmations_are_counted_from_the_block(url, anchors):
    signed = anchor(anchors, 9)
    patient = connect(url, KEYS.anchorer, "confirmations:2")
    assert patient.status(signed.transaction_hash).state == TransactionState.MINED
    anchor(anchors, 12, 9)
    assert patient.status(signed.transaction_hash).state == TransactionState.FINAL


def test_the_finalized_tag_is_probed_and_used(url, anchors):
    chain = connect(url, KEYS.anchorer, "tag:finalized")
    assert chain.facts.finality == "tag:finalized"
    signed = anchor(anchors, 9)
    state = chain.status(signed.transaction_hash).state
    assert state in (TransactionState.MINED, TransactionState.FINAL)


def test_a_tag_that_the_node_does_not_offer_is_refused_at_the_start(url, monkeypatch):
    chain = connect(url, KEYS.anchorer, "tag:finalized")
    monkeypatch.setattr(chain, "_tagged_number", lambda: None)
    with pytest.raises(FinalityUnknown):
        _ = chain.facts


def test_a_node_that_is_away_is_an_outage():
    away = connect("http://127.0.0.1:9", KEYS.anchorer)
    with pytest.raises(ChainUnavailable):
        away.block_number()


def test_any_web3_client_can_use_the_node(url):
    web3 = Web3(HTTPProvider(url))
    account = Account.from_key(STRANGER.key)
    artefact = load_artefact("anchor_registry")
    assert web3.eth.get_balance(account.address) > 0
    factory = web3.eth.contract(abi=list(artefact.abi), bytecode=artefact.bytecode)
    fields: Any = {
        "from": account.address,
        "nonce": web3.eth.get_transaction_count(account.address),
        "gasPrice": web3.eth.gas_price,
    }
    made = factory.constructor(account.address, account.address, NO_PREDECESSOR)
    signed = account.sign_transaction(made.build_transaction(fields))
    receipt = web3.eth.wait_for_transaction_receipt(
        web3.eth.send_raw_transaction(signed.raw_transaction)
    )
    contract = web3.eth.contract(abi=list(artefact.abi), address=receipt["contractAddress"])
    fields["nonce"] += 1
    anchoring = contract.functions.anchor(3, TREE.root(3), [])
    signed = account.sign_transaction(anchoring.build_transaction(fields))
    web3.eth.wait_for_transaction_receipt(web3.eth.send_raw_transaction(signed.raw_transaction))
    (event,) = contract.events.HeadAnchored().get_logs(from_block=0)
    assert (event["args"]["size"], event["args"]["root"]) == (3, TREE.root(3))
    assert contract.functions.head().call()[0] == 3
    block: Any = web3.eth.get_block(event["blockNumber"], full_transactions=True)
    assert block["transactions"][0]["hash"] == event["transactionHash"]
