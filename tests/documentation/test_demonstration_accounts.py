"""The accounts of `make run`: kept for the owner alone, and found again as they were."""

import fcntl
import socket
import stat

import pytest

from demo import serve
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


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "FOLDER", tmp_path)
    for name in ("FILE", "LOCK", "NOTED", "UNFINISHED"):
        monkeypatch.setattr(serve, name, tmp_path / getattr(serve, name).name)
    monkeypatch.setattr(serve, "ROOT", tmp_path.parent)
    return tmp_path


def test_what_a_killed_supervisor_left_behind_holds_no_start_up(folder, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as orphan:
        port = orphan.getsockname()[1]
        monkeypatch.setenv("COUNTERFOIL_BIND", f"127.0.0.1:{port}")
        with pytest.raises(CannotServe, match=f"Port {port}"):
            serve._installation(None)
        (folder / "processes").write_text("web 1\n", encoding="ascii")
        assert serve._installation(None).port == port, "its supervisor ends what is noted"


def test_a_first_start_that_was_broken_off_is_forgotten_but_for_its_processes(folder):
    for name in ("unfinished", "processes", "supervisor.lock"):
        (folder / name).touch()
    (folder / "postgres").mkdir()
    assert serve._find_kept() is None
    assert [path.name for path in folder.iterdir()] == ["processes"]


def test_a_supervisor_that_serves_on_is_named(folder):
    with (folder / "supervisor.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        with pytest.raises(CannotServe, match="by process 4711"):
            serve._find_kept()


def test_an_address_without_a_port_is_refused_in_words():
    assert _port(BIND_DEFAULT) == 8000
    with pytest.raises(CannotServe, match="host:port"):
        _port("localhost")
