"""The accounts of `make run`: kept for the owner alone, and found again as they were."""

import stat

import pytest

from demo.accounts import Account, Accounts, Offer, read_accounts
from demo.serve import BIND_DEFAULT, CannotServe, _port, _print_table

KEPT = Accounts(
    base_url="http://127.0.0.1:8000",
    upstream_port=9000,
    upstream_key="the supplier's own secret",
    chain_port=9001,
    people=(Account("auditor@exchange.example", "plain words", "auditor", "ABCDEFGH"),),
    offers=(Offer("1000000001-0123456789", "机场", "0.40", "icao=ZSPD", "lic_1", "cfk_1"),),
)


def test_a_second_start_finds_what_the_first_one_kept(tmp_path):
    KEPT.write(tmp_path / "accounts.json")
    assert read_accounts(tmp_path / "accounts.json") == KEPT


def test_passwords_are_readable_by_their_owner_only(tmp_path):
    KEPT.write(tmp_path / "accounts.json")
    assert stat.S_IMODE((tmp_path / "accounts.json").stat().st_mode) == 0o600


def test_columns_stand_under_each_other_in_both_scripts(capsys):
    _print_table(("product", "price"), [("机场", "1"), ("airport", "2")])
    assert capsys.readouterr().out.splitlines() == [
        "  product  price",
        "  机场     1",
        "  airport  2",
    ]


def test_an_address_without_a_port_is_refused_in_words():
    assert _port(BIND_DEFAULT) == 8000
    with pytest.raises(CannotServe, match="host:port"):
        _port("localhost")
