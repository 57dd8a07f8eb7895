"""`chain` and anchors: what a node says of the contract, against checkpoint and bundle."""

import pytest
from counterfoil_verify.chain import HEAD_ANCHORED_TOPIC, HEAD_SELECTOR
from counterfoil_verify.cli import main as verify
from counterfoil_verify.finality import Finality

from tests.unit.verifier.servers import node, speaking
from tests.vectors.exchange import Exchange
from tests.vectors.primitives import canonical, tree_hash

CONTRACT = "0x" + "ab" * 20


def word(number):
    return f"{number:064x}"


def head_data(exchange, size):
    return "0x" + word(size) + tree_hash(exchange.hashes[:size]).hex() + word(1_795_161_600)


def event(exchange, size, **changes):
    root = tree_hash(exchange.hashes[:size]).hex()
    topics = [HEAD_ANCHORED_TOPIC, "0x" + word(size), "0x" + root]
    return {"address": CONTRACT, "topics": topics, "data": "0x" + word(1), **changes}


def contract(exchange, size, events=()):
    """A node with a contract whose newest head has the size."""

    def call(question, block):
        assert (question["data"], question["to"], block) == (HEAD_SELECTOR, CONTRACT, "latest")
        return head_data(exchange, size)

    def logs(question):
        return [found for found in events if found["topics"][:2] == question["topics"]]

    return node({"eth_chainId": "0x6601", "eth_call": call, "eth_getLogs": logs})


def run(desk, exchange, rpc, *more):
    checkpoint = desk.put("checkpoint", exchange.checkpoint())
    given = ("--contract", CONTRACT, "--checkpoint", checkpoint)
    return desk.run("chain", "--rpc", rpc, *given, *more)


def test_the_newest_anchor_is_the_checkpoint(desk, exchange):
    with contract(exchange, 14) as rpc:
        outcome = run(desk, exchange, rpc)
    assert (outcome.code, outcome.passed_steps[-1]) == (0, "agreement")


def test_an_earlier_anchor_is_the_checkpoint(desk, exchange):
    later = Exchange()
    later.entries = [*exchange.entries, exchange.entries[0]]
    with contract(later, 15, [event(exchange, 14)]) as rpc:
        assert run(desk, exchange, rpc).code == 0


def growing(exchange, heads, newest=9, final=None):
    """A node whose contract had these heads, (block, size), one after the other."""

    def by(block):
        number = newest if block == "latest" else int(block, 16)
        return [head for head in heads if head[0] <= number]

    def logs(question):
        events = [event(exchange, n, blockNumber=hex(at)) for at, n in by(question["toBlock"])]
        return [found for found in events if found["topics"][:2] == question["topics"]]

    return node({
        "eth_chainId": "0x6601", "eth_blockNumber": hex(newest), "eth_getLogs": logs,
        "eth_call": lambda _, at: head_data(exchange, max((n for _, n in by(at)), default=0)),
        "eth_getBlockByNumber": lambda _tag, _: {"number": hex(final)} if final else None,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("final", "told"), [(8, "3 deep, final"), (6, "3 deep, NOT FINAL"), (None, "does not say")]
)
def test_how_deep_an_anchor_lies_is_said(desk, exchange, final, told):
    with growing(exchange, [(2, 6), (7, 14)], final=final) as rpc:
        outcome = run(desk, exchange, rpc)
    assert (outcome.code, told in outcome.output) == (0, True)
    assert outcome.report["facts"]["is_final"] == (final == 8)
    assert outcome.report["facts"]["anchor_block"] == 7


@pytest.mark.parametrize(
    ("rule", "final", "code"),
    [
        ("instant", None, 0), ("confirmations:3", None, 0), ("tag:finalized", 7, 0),
        ("confirmations:4", None, 3), ("tag:finalized", 6, 3), ("tag:safe", None, 3),
        ("confirmations:9", None, 3), ("confirmations:10000", None, 3),
    ],
)  # fmt: skip
def test_an_anchor_that_is_not_final_confirms_nothing_to_who_demands_it(
    desk, exchange, rule, final, code
):
    with growing(exchange, [(2, 6), (7, 14)], final=final) as rpc:
        outcome = run(desk, exchange, rpc, "--finality", rule)
    assert outcome.code == code, outcome.output


def test_the_newest_final_head_is_the_one_that_is_compared(desk, exchange):
    log = desk.lay_out(exchange.export())
    with growing(exchange, [(2, 6), (7, 14)]) as rpc:
        outcome = run(desk, exchange, rpc, "--finality", "confirmations:4", "--log", log)
    assert (outcome.code, "size 6 in block 2, 8 deep, final" in outcome.output) == (0, True)


@pytest.mark.parametrize("rule", ["", "final", "confirmations:0", "confirmations:10001", "tag:x"])
def test_a_rule_of_no_kind_is_none(rule):
    with pytest.raises(ValueError, match="tag:finalized or tag:safe"):
        Finality.parse(rule)


def test_another_root_of_the_same_size_is_a_fork(desk, exchange):
    forked = Exchange()
    forked.entries = list(reversed(exchange.entries))
    with contract(forked, 14) as rpc:
        outcome = run(desk, exchange, rpc)
    assert (outcome.code, outcome.step) == (1, "agreement")
    assert "fork" in outcome.output


def test_an_earlier_event_of_another_root_is_a_fork(desk, exchange):
    forked = Exchange()
    forked.entries = list(reversed(exchange.entries))
    with contract(exchange, 6, [event(forked, 14)]) as rpc:
        assert run(desk, exchange, rpc).code == 1


def test_an_anchor_behind_the_checkpoint_is_proven_from_tiles(desk, exchange):
    log = desk.lay_out(exchange.export())
    with contract(exchange, 6) as rpc:
        assert run(desk, exchange, rpc).code == 3
        outcome = run(desk, exchange, rpc, "--log", log)
    assert outcome.code == 0
    assert "extends size 6" in outcome.output


def test_an_anchor_of_another_history_is_not_proven_from_tiles(desk, exchange):
    forked = Exchange()
    forked.entries = list(reversed(exchange.entries))
    log = desk.lay_out(exchange.export())
    with contract(forked, 6) as rpc:
        outcome = run(desk, exchange, rpc, "--log", log)
    assert (outcome.code, outcome.step) == (1, "agreement")


def test_a_contract_without_a_head_does_not_confirm_anything(desk, exchange):
    with contract(exchange, 0) as rpc:
        assert run(desk, exchange, rpc).code == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'{"id":1}', b'{"id":1,"result":null}', b'{"id":1,"result":1}',
        b'{"id":1,"result":"0xzz"}', b'{"id":2,"result":"0x1"}', b"\xff", b'{"id":1,"result":1.5}',
        b'{"id":1,"error":{"code":-32601,"message":"no"}}', b"[" * 5000,
    ],
)  # fmt: skip
def test_a_node_that_talks_nonsense_ends_in_not_checked(desk, exchange, body):
    with speaking(200, body) as rpc:
        assert run(desk, exchange, rpc).code == 3


def test_a_node_out_of_reach_ends_in_not_checked(desk, exchange):
    assert run(desk, exchange, "http://127.0.0.1:1").code == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("chain", "--rpc", "x", "--checkpoint", "x", "--contract", "0x12"), "a contract address"),
        (("chain", "--rpc", "x", "--checkpoint", "x", "--contract", CONTRACT, "--finality", "x"),
         "confirmations:<1 to 10,000>"),
        (("bundle", "x", "--contract", "0x12"), "not a contract address"),
        (("receipt", "x", "--key", "x"), "not a verification key"),
        (("report", "x", "--signature", "x", "--auditor", "x"), "not a verification key"),
        (("buyer-key", "x", "--name", "org_a"), "ends in /acknowledgements"),
        (("receipt", "x", "--json", "x", "--sign-with", "x", "--signer", "x"), "ends in /reports"),
        (("receipt", "x", "--json", "x", "--sign-with", "x"), "give all three"),
        (("document", "x", "--on", "tomorrow"), "tomorrow"),
    ],
)  # fmt: skip
def test_a_word_without_its_form_is_wrong_use_and_no_verdict(words, told, capsys):
    with pytest.raises(SystemExit) as ended:
        verify(list(words))
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


# Anchors of a bundle


def receipt_of(exchange, **changes):
    size = len(exchange.entries) // 2
    return {
        "status": "0x1", "blockNumber": "0x7", "blockHash": "0x" + "ef" * 32,
        "logs": [{"address": "0x" + "00" * 20, "topics": []}, event(exchange, size)], **changes,
    }  # fmt: skip


def check_bundle(desk, exchange, receipt, *more, chain_id="0x6601", **changes):
    anchors = canonical([{**exchange.anchor(7), **changes}])
    files = {**exchange.bundle_files("lic_a"), "anchors.json": anchors}
    bundle = desk.put("bundle.zip", exchange.bundle(files))
    with node({"eth_chainId": chain_id, "eth_getTransactionReceipt": receipt}) as rpc:
        return desk.run("bundle", bundle, "--rpc", rpc, *more)


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [("confirmations:3", "final", 0), ("confirmations:4", "final", 3), ("tag:safe", "mined", 3)],
)
def test_an_anchor_of_a_bundle_is_as_final_as_is_demanded(desk, exchange, rule, status, code):
    receipt = receipt_of(exchange)
    outcome = check_bundle(desk, exchange, receipt, "--finality", rule, status=status)
    assert (outcome.code, "3 deep" in outcome.output) == (code, True)
    told = check_bundle(desk, exchange, receipt, status=status)
    assert (told.code, "1 in blocks that are not known to be final" in told.output) == (0, True)


def test_finality_is_asked_of_a_node(desk, exchange):
    bundle = desk.put("bundle.zip", exchange.bundle(exchange.bundle_files("lic_a")))
    assert desk.run("bundle", bundle, "--finality", "instant").code == 3


def test_an_anchor_is_confirmed_by_the_chain(desk, exchange):
    outcome = check_bundle(desk, exchange, receipt_of(exchange))
    assert outcome.code == 0
    assert "1 confirmed by chain" in outcome.output


def test_an_anchor_that_the_chain_does_not_know_is_rejected(desk, exchange):
    outcome = check_bundle(desk, exchange, None)
    assert (outcome.code, outcome.step) == (1, "anchors")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "0x0"},
        {"blockNumber": "0x8"},
        {"blockHash": "0x" + "00" * 32},
        {"logs": []},
    ],
)
def test_an_anchor_that_the_chain_tells_otherwise_is_rejected(desk, exchange, changes):
    outcome = check_bundle(desk, exchange, receipt_of(exchange, **changes))
    assert (outcome.code, outcome.step) == (1, "anchors")


def test_a_head_announced_by_another_contract_does_not_count(desk, exchange):
    stranger = event(exchange, len(exchange.entries) // 2, address="0x" + "cd" * 20)
    outcome = check_bundle(desk, exchange, receipt_of(exchange, logs=[stranger]))
    assert (outcome.code, outcome.step) == (1, "anchors")


def test_a_node_of_another_chain_is_rejected(desk, exchange):
    outcome = check_bundle(desk, exchange, receipt_of(exchange), chain_id="0x1")
    assert (outcome.code, outcome.step) == (1, "anchors")
