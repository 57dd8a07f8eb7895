"""Anchors over HTTP and on a real chain: open to whoever checks, requested by operators only."""

import pytest
from counterfoil_verify.chain import Chain
from counterfoil_verify.finality import Depths

from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.web.access import Authenticator
from app.wiring.log import log_keys
from contracts.deployments import open_chain
from ledger.log.anchors.keeper import AnchorKeeper
from ledger.log.anchors.queries import EMBEDDED, NO_CHAIN
from ledger.log.anchors.states import AnchorPolicy
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage.shard_heads import find_head
from ledger.log.storage.stored_tiles import stored_nodes
from ledger.log.tree.merkle import Node, make_inclusion_proof
from tests.adapters.chain_nodes import embedded
from tests.fakes.principals import NamedPrincipals
from tests.unit.contracts.embedded import KEYS
from tests.unit.log.log_factory import append_facts

OPERATOR = Principal(
    "psn_operator", "org_exchange", frozenset({Role.OPERATOR}), has_second_factor=True
)
AUDITOR = Principal(
    "psn_auditor", "org_exchange", frozenset({Role.AUDITOR}), has_second_factor=True
)
PRINCIPALS = {each.id: each for each in (OPERATOR, AUDITOR)}


@pytest.fixture
def http(app):
    app.extensions["counterfoil"].add(Authenticator, NamedPrincipals(PRINCIPALS))
    return app.test_client()


@pytest.fixture
def url(tmp_path, clock):
    with embedded(tmp_path / "embedded", clock) as address:
        yield address


@pytest.fixture
def access(parts, url):
    opened = open_chain(parts.units, url, KEYS, origin=parts.origin)
    yield opened
    opened.close()


@pytest.fixture
def keeper(parts, access):
    return AnchorKeeper(parts.units, parts.origin, access.anchors, AnchorPolicy())


def publish(parts, count):
    hashes = append_facts(parts.units, count)
    Sequencer(parts.units, log_keys(parts)).step()
    return hashes


def ask(http, principal=OPERATOR, key="k1", **body):
    headers = {"Authorization": principal.id, "Idempotency-Key": key}
    return http.post("/v1/anchors", json={"reason": "audit", **body}, headers=headers)


def test_before_the_first_anchor_nothing_is_claimed(http):
    status = http.get("/v1/chain-status").json
    assert status["trust"] == NO_CHAIN
    assert status["chain_id"] is None
    assert http.get("/v1/anchors").json == {"items": [], "next_cursor": None}
    latest = http.get("/v1/anchors/latest")
    assert latest.status_code == 404
    assert latest.json["type"].endswith("nothing-anchored")


def test_an_anchor_is_shown_with_what_it_is_worth(http, parts, access, keeper):
    publish(parts, 4)
    keeper.look()
    anchor = http.get("/v1/anchors/latest").json
    assert anchor["state"] == "final"
    assert anchor["contract"] == access.anchors.contract
    assert anchor["tree_size"] == access.anchors.head().size
    status = http.get("/v1/chain-status").json
    assert status["trust"] == EMBEDDED
    assert status["has_independent_validators"] is False
    assert (status["chain_id"], status["finality"]) == (20262, "instant")
    assert (status["unanchored_count"], status["last_final_age_seconds"]) == (0, 0)


def test_unanchored_leaves_and_the_age_of_the_last_anchor_are_shown(http, parts, keeper, clock):
    publish(parts, 4)
    keeper.look()
    publish(parts, 7)
    clock.advance(seconds=90)
    status = http.get("/v1/chain-status").json
    assert (status["unanchored_count"], status["last_final_age_seconds"]) == (7, 90)


def test_an_outsider_finds_the_same_head_on_the_chain(http, parts, keeper, url):
    publish(parts, 4)
    keeper.look()
    anchor = http.get("/v1/anchors/latest").json
    chain, contract = Chain(url), anchor["contract"].lower()
    assert chain.head(contract) == (anchor["tree_size"], bytes.fromhex(anchor["root_hash"]))
    announced = chain.anchored(contract, anchor["tree_size"])
    assert announced == (chain.head(contract), anchor["block_number"])
    assert Depths.ask(chain).is_final(anchor["block_number"])
    mined = chain.mined(anchor["transaction_hash"], contract)
    assert mined is not None
    assert (mined.block_number, mined.block_hash) == (
        anchor["block_number"],
        anchor["block_hash"],
    )


def test_the_contract_itself_finds_every_leaf(parts, access, keeper):
    publish(parts, 4)
    keeper.look()
    size = access.anchors.head().size
    with parts.units.begin(Reach.EXCHANGE) as uow:
        head = find_head(uow.session, parts.origin)
        assert head is not None
        read = stored_nodes(uow.session, head.shard)
        for index in range(size):
            (leaf,) = read([Node(0, index)])
            proof = make_inclusion_proof(read, index, size)
            assert access.anchors.is_included(leaf, index, proof)


def test_an_operator_asks_and_the_next_look_anchors(http, parts, keeper):
    publish(parts, 1)
    keeper.look()
    publish(parts, 1)
    answer = ask(http)
    assert answer.status_code == 202
    assert answer.json["id"].startswith("anr_")
    assert keeper.look() is True
    assert len(http.get("/v1/anchors").json["items"]) == 2


def test_a_request_repeated_under_its_key_is_one_request(http):
    first, second = ask(http), ask(http)
    assert first.json == second.json


@pytest.mark.parametrize(
    ("body", "status"),
    [({"reason": ""}, 422), ({"reason": "x" * 201}, 422), ({"reason": 7}, 422), ({"x": 1}, 422)],
)
def test_a_request_of_another_form_is_refused(http, body, status):
    assert ask(http, **body).status_code == status


def test_only_an_operator_may_ask(http):
    assert ask(http, AUDITOR).status_code == 403
    anonymous = http.post("/v1/anchors", json={"reason": "x"}, headers={"Idempotency-Key": "k"})
    assert anonymous.status_code == 401


def test_anchors_come_in_pages_newest_first(http, parts, keeper, clock):
    for _ in range(3):
        publish(parts, 1)
        keeper.look()
        clock.advance(seconds=600)
    first = http.get("/v1/anchors?limit=2").json
    second = http.get(f"/v1/anchors?limit=2&cursor={first['next_cursor']}").json
    sizes = [each["tree_size"] for each in first["items"] + second["items"]]
    assert sizes == sorted(sizes, reverse=True)
    assert (len(sizes), second["next_cursor"]) == (3, None)
    assert http.get("/v1/anchors?cursor=!!").status_code == 422
