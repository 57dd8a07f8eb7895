"""Files, folders and servers that are not what they seem: refused by name, and never waited for."""

import gzip
import os
import socket
import sqlite3
from contextlib import closing
from threading import Event, Thread

import pytest
from counterfoil_verify import transport
from counterfoil_verify.documents import hash_file
from counterfoil_verify.errors import NotChecked
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.log.sources import FolderSource, open_source
from counterfoil_verify.transport import Site
from counterfoil_verify.vault import ReceiptVault

from tests.unit.verifier.servers import speaking
from tests.vectors.exchange import Exchange

# Files


def test_a_pipe_is_not_taken_for_an_empty_bundle(desk):
    os.mkfifo(desk.folder / "pipe")
    Thread(target=(desk.folder / "pipe").write_bytes, args=[b""], daemon=True).start()
    assert desk.run("bundle", desk.folder / "pipe").code == 3


def test_a_folder_s_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "checkpoint")
    with pytest.raises(NotChecked, match="not a plain file"):
        FolderSource(tmp_path).read("checkpoint", 100)


def test_a_folder_s_link_does_not_lead_out_of_it(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "secret").write_bytes(b"mine")
    (tmp_path / "log" / "checkpoint").symlink_to(tmp_path / "secret")
    with pytest.raises(NotChecked, match="leads out of"):
        FolderSource(tmp_path / "log").read("checkpoint", 100)
    (tmp_path / "linked").symlink_to(tmp_path / "log")
    (tmp_path / "log" / "keys").write_bytes(b"{}")
    assert open_source(str(tmp_path / "linked")).read("keys", 100) == b"{}"


def test_a_link_to_itself_is_no_fault_of_the_verifier(tmp_path):
    (tmp_path / "checkpoint").symlink_to("checkpoint")
    with pytest.raises(NotChecked, match="checkpoint"):
        FolderSource(tmp_path).read("checkpoint", 100)


def test_a_device_has_no_digest(tmp_path):
    """It never ends."""
    (tmp_path / "contract.pdf").symlink_to("/dev/zero")
    with pytest.raises(NotChecked, match="is a device"):
        hash_file(tmp_path / "contract.pdf")


def test_ten_gigabytes_are_refused_before_they_are_read(desk):
    with (desk.folder / "big").open("wb") as file:
        file.truncate(10 << 30)
    for command in ("bundle", "receipt", "invoice", "statement"):
        assert desk.run(command, desk.folder / "big").code == 1
    assert desk.run("log", desk.folder / "big").code == 1


def test_a_vault_that_is_another_database_is_not_one(desk):
    with closing(sqlite3.connect(desk.folder / "vault")) as other:
        other.execute("CREATE TABLE receipts (x)")
    outcome = desk.run("vault-show", desk.folder / "vault", "lic_a")
    assert outcome.code == 3
    assert "NOT CHECKED (vault)" in outcome.output


def test_a_vault_holds_a_call_from_before_1970(tmp_path):
    exchange = Exchange()
    lane = exchange.open_lane("lic_a")
    exchange.now = exchange.now.replace(year=1960)
    data = exchange.receipt(exchange.call(lane))
    with closing(ReceiptVault(tmp_path / "vault", parse_keyring(exchange.keys, "test"))) as vault:
        held = vault.take(data)
        assert held.due_at < 0
        assert [each.leaf for each in vault.unproven(due_before=0)] == [held.leaf]


# Servers


def answering(*portions, pause=None):
    """A server that sends each portion as it is, and then hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                for portion in portions:
                    try:
                        connection.sendall(portion)
                    except OSError:
                        break
                    if pause is not None:
                        pause.wait(0.02)

    Thread(target=serve, daemon=True).start()
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_half_an_answer_says_nothing_about_the_evidence():
    listening, address = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    with closing(listening), closing(Site(address)) as site, pytest.raises(NotChecked):
        site.get("checkpoint", {}, bytes_max=1_000)


WHOLE = gzip.compress(b"checkpoint" * 50)


@pytest.mark.parametrize("body", [WHOLE[:-9], WHOLE + b"more"], ids=["half", "more"])
def test_a_gzip_that_is_not_whole_says_nothing_about_the_evidence(body):
    with (
        speaking(200, body, Content_Encoding="gzip") as address,
        closing(Site(address)) as site,
        pytest.raises(NotChecked, match="gzip"),
    ):
        site.get("checkpoint", {}, bytes_max=10_000)


@pytest.mark.parametrize(
    "portion", [b"HTTP/1.1 100 Continue\r\n\r\n", b"x"], ids=["interim answers", "a status line"]
)
def test_a_server_cannot_hold_us_for_ever(monkeypatch, portion):
    monkeypatch.setattr(transport, "ANSWER_SECONDS_MAX", 0.2)
    listening, address = answering(*[portion] * 500, pause=Event())
    with closing(listening), closing(Site(address)) as site, pytest.raises(NotChecked):
        site.get("checkpoint", {}, bytes_max=1_000)
