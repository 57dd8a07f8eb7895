"""The command that makes the exchange itself: what it is called stands for good."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Organisation
from app.cli import EXCHANGE_NAME, EXCHANGE_USCC, PASSWORD_VARIABLE, register
from app.core.reach import Reach
from tests.factories.whole_exchange import uscc

NAME, CODE = "Example Data Exchange Co., Ltd.", uscc(7)


@pytest.fixture
def bootstrap(settings, units, monkeypatch):
    """Runs the command as an operator of an environment does."""
    monkeypatch.setenv(PASSWORD_VARIABLE, "quite-long-and-random-4711")

    def run(environment, *options):
        app = Flask("commands")
        here = replace(settings, environment=environment)
        register(app, SimpleNamespace(settings=here, units=units))
        given = ["bootstrap", "--email", "operator@exchange.example", *options]
        return app.test_cli_runner().invoke(args=given)

    return run


@pytest.fixture
def made(units):
    def found():
        with units.begin(Reach.EXCHANGE) as uow:
            rows = uow.session.execute(select(Organisation.name, Organisation.uscc))
            return [tuple(row) for row in rows]

    return found


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--name", NAME],
        ["--uscc", CODE],
        ["--name", EXCHANGE_NAME, "--uscc", CODE],
        ["--name", NAME, "--uscc", EXCHANGE_USCC],
    ],
)
def test_production_takes_no_invented_name_or_code(bootstrap, made, options):
    result = bootstrap("production", *options)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "--name" in result.output
    assert "--uscc" in result.output
    assert "cannot be changed" in result.output
    assert made() == []


def test_production_takes_the_exchange_s_own_once(bootstrap, made):
    result = bootstrap("production", "--name", NAME, "--uscc", CODE)
    assert result.exit_code == 0, result.output
    assert result.output.rstrip().endswith(NAME)
    again = bootstrap("production", "--name", "Another Name", "--uscc", uscc(8))
    assert again.output == result.output
    assert made() == [(NAME, CODE)]


def test_development_needs_neither(bootstrap, made):
    assert bootstrap("development").exit_code == 0
    assert made() == [(EXCHANGE_NAME, EXCHANGE_USCC)]
