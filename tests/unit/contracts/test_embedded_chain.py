"""The embedded chain: one owner, one block a transaction, nothing lost between two openings."""

from errno import ENOSPC

import pytest
from eth_account import Account
from eth_utils.address import to_canonical_address

from contracts.embedded_chain import (
    CHAIN_ID,
    ChainInUse,
    EmbeddedChain,
    ForeignChain,
    TransactionRefused,
)
from tests.fakes.clock import FixedClock
from tests.unit.contracts.embedded import STRANGER, begin_chain


def raw_transfer(nonce, *, chain_id=CHAIN_ID, gas_price=2 * 10**9, key=STRANGER.key, value=1):
    fields = {
        "nonce": nonce,
        "gas": 21_000,
        "gasPrice": gas_price,
        "chainId": chain_id,
        "to": STRANGER.address,
        "value": value,
        "data": b"",
    }
    return bytes(Account.from_key(key).sign_transaction(fields).raw_transaction)


@pytest.fixture
def chain(tmp_path):
    made = begin_chain(tmp_path / "chain", FixedClock())
    yield made
    made.close()


def test_the_same_accounts_give_the_same_genesis(tmp_path):
    first, second = begin_chain(tmp_path / "a"), begin_chain(tmp_path / "b")
    try:
        assert first.head.hash == second.head.hash
    finally:
        first.close()
        second.close()


def test_every_transaction_is_a_block_with_the_clocks_time(chain):
    chain.mine(raw_transfer(0))
    assert chain.head.block_number == 1
    assert chain.head.timestamp == int(FixedClock().now().timestamp())


def test_blocks_of_one_second_stay_in_order(chain):
    times = []
    for nonce in range(3):
        chain.mine(raw_transfer(nonce))
        times.append(chain.head.timestamp)
    assert times == sorted(set(times))


def test_an_opened_chain_goes_on_where_it_was(tmp_path):
    chain = begin_chain(tmp_path)
    mined = chain.mine(raw_transfer(0))
    head = chain.head.hash
    chain.close()
    again = EmbeddedChain(tmp_path, FixedClock())
    try:
        assert again.head.hash == head
        assert again.find(mined) is not None
        again.mine(raw_transfer(1))
        assert again.head.parent_hash == head
    finally:
        again.close()


def test_a_second_owner_is_refused(chain, tmp_path):
    with pytest.raises(ChainInUse, match="another process"):
        EmbeddedChain(tmp_path / "chain", FixedClock())


def test_a_closed_chain_may_be_owned_again(tmp_path):
    begin_chain(tmp_path).close()
    begin_chain(tmp_path).close()


def test_another_genesis_is_refused_and_the_files_are_released(tmp_path):
    begin_chain(tmp_path).close()
    with pytest.raises(ForeignChain, match="begun for"):
        EmbeddedChain(tmp_path, FixedClock(), [STRANGER.address])
    begin_chain(tmp_path).close()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (raw_transfer(1), "nonce too high"),
        (raw_transfer(0, chain_id=1), "chain id"),
        (raw_transfer(0, gas_price=1), "fee|gas price"),
        (raw_transfer(0, key=b"\x09" * 32), "[Bb]alance|gas|funds"),
        (b"\xff\x00", "decoded"),
        (b"", "decoded"),
    ],
)
def test_a_bad_transaction_is_refused_and_changes_nothing(chain, raw, reason):
    before = chain.head.hash
    with pytest.raises(TransactionRefused, match=reason):
        chain.mine(raw)
    assert chain.head.hash == before
    chain.mine(raw_transfer(0))
    assert chain.head.block_number == 1


def test_a_known_transaction_and_a_used_nonce_are_told_apart(chain):
    chain.mine(raw_transfer(0))
    with pytest.raises(TransactionRefused, match="already known"):
        chain.mine(raw_transfer(0))
    with pytest.raises(TransactionRefused, match="nonce too low"):
        chain.mine(raw_transfer(0, value=2))


def test_a_failure_while_storing_leaves_the_chain_as_it_was(chain, monkeypatch):
    def fail():
        raise OSError(ENOSPC, "disk full")

    monkeypatch.setattr(chain._store, "persist", fail)
    with pytest.raises(OSError, match="disk full"):
        chain.mine(raw_transfer(0))
    monkeypatch.undo()
    assert chain.head.block_number == 0
    assert chain.nonce(to_canonical_address(STRANGER.address)) == 0
    chain.mine(raw_transfer(0))
    assert chain.head.block_number == 1
