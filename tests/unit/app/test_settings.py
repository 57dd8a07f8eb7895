"""Settings are read once and refused with every reason at once."""

import os
import secrets

import pytest

from app.core.cipher import Cipher
from app.keys.keyring import FileKeyring
from app.settings import SettingsRefused, development_secret, from_environment


def test_the_defaults_serve_a_development_machine():
    settings = from_environment({})
    assert not settings.is_production
    assert settings.database_url is None
    assert settings.public_url == "http://127.0.0.1:8000"


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(SettingsRefused) as refused:
        from_environment(
            {
                "COUNTERFOIL_ENV": "production",
                "COUNTERFOIL_BIND": "nowhere",
                "COUNTERFOIL_WEB_THREADS": "many",
                "COUNTERFOIL_UPSTREAM_NETWORKS": "10.0.0.0/8, home",
                "COUNTERFOIL_SECRET": "short",
                "COUNTERFOIL_LOG_LEVEL": "LOUD",
                "COUNTERFOIL_WEBHOOK_NETWORKS": "10.0.0.1/8",
                "COUNTERFOIL_WITNESS_FILE": "/nowhere/witnesses.json",
            }
        )
    text = "\n".join(refused.value.problems)
    for name in (
        "BIND",
        "THREADS",
        "NETWORKS",
        "SECRET",
        "LOG_LEVEL",
        "WEBHOOK_NETWORKS",
        "WITNESS_FILE",
        "DATABASE_URL",
        "REDIS_URL",
        "CHAIN_URL",
        "https",
    ):
        assert name in text


def test_several_processes_without_a_shared_rate_limit_are_refused():
    with pytest.raises(SettingsRefused, match="REDIS_URL"):
        from_environment({"COUNTERFOIL_WEB_PROCESSES": "2"})


def test_the_development_secret_is_made_once_and_kept_private(tmp_path):
    settings = from_environment({"COUNTERFOIL_VAR": str(tmp_path)})
    secret = development_secret(settings)
    assert development_secret(settings) == secret
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    given = from_environment({"COUNTERFOIL_SECRET": "x" * 40})
    assert development_secret(given) == "x" * 40


def test_a_secret_is_there_whole_or_not_at_all(tmp_path, monkeypatch):
    """A process that died before it had written left an empty secret, and keys under it."""
    settings = from_environment({"COUNTERFOIL_VAR": str(tmp_path)})

    def die(_length):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(secrets, "token_urlsafe", die)
        with pytest.raises(KeyboardInterrupt):
            development_secret(settings)
    assert len(development_secret(settings)) >= 48
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_new_keyring_is_in_its_folder_for_good_before_anything_is_signed(tmp_path, monkeypatch):
    path, synced, sync = tmp_path / "keys.json", [], os.fsync

    def note(handle):
        synced.append((os.fstat(handle).st_ino, path.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", note)
    FileKeyring(path, Cipher(bytes(32)), origin="host/log/2026")
    assert (tmp_path.stat().st_ino, True) in synced


def test_the_keyring_is_made_once_and_encrypted(tmp_path):
    cipher = Cipher.from_passphrase("a long passphrase of the settings")
    first = FileKeyring(tmp_path / "keys.json", cipher, origin="host/log/2026")
    again = FileKeyring(tmp_path / "keys.json", cipher, origin="host/log/2026")
    assert first.checkpoint.public_key == again.checkpoint.public_key
    assert first.receipts.name == "host/log/2026/receipts"
    keys = {
        first.checkpoint.public_key,
        first.receipts.public_key,
        first.statements.public_key,
        first.sessions.public_key,
    }
    assert len(keys) == 4
    assert len(first.chain_account) == 32
    assert b"receipts" not in (tmp_path / "keys.json").read_bytes()
