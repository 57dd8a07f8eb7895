"""Whoever runs an exchange sees which accounts on the chain need coins, before it has any."""

from types import SimpleNamespace

from flask import Flask

from app import supervisor
from app.cli import register
from app.core.cipher import Cipher
from app.keys.keyring import FileKeyring
from app.settings import development_secret, from_environment


def test_the_accounts_that_are_shown_are_those_that_pay(tmp_path):
    settings = from_environment({"COUNTERFOIL_VAR": str(tmp_path)})
    cipher = Cipher.from_passphrase(development_secret(settings))
    keyring = FileKeyring(settings.key_file, cipher, origin="exchange.example/log/2026")
    app = Flask("commands")
    register(app, SimpleNamespace(settings=settings, keyring=keyring))
    result = app.test_cli_runner().invoke(args=["chain-accounts"])
    assert result.exit_code == 0, result.output
    shown = [line.split()[:2] for line in result.output.splitlines()]
    funded = supervisor._chain_node(settings)[-5::2]
    assert len(set(funded)) == 3
    assert shown == [
        ["administrator", funded[0]],
        ["anchorer", funded[1]],
        ["registrar", funded[2]],
    ]
    assert keyring.chain_account.hex() not in result.output
