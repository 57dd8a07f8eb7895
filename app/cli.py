"""Commands for operators, run as ``flask <command>``; each is one service in one unit of work."""

import functools
import os
from typing import Any, cast

import click
from flask import Flask

from app.accounts import services as accounts
from app.accounts.argon2_passwords import Argon2Passwords
from app.commands.chain import chain_command
from app.commands.erasure import erase_command
from app.commands.exports import export_command
from app.commands.imports import import_command
from app.commands.keys import key_commands
from app.commands.quality import quality_command
from app.commands.shards import shard_command
from app.core.errors import CounterfoilError
from app.core.reach import Reach
from app.parts import Parts

PASSWORD_VARIABLE = "COUNTERFOIL_OPERATOR_PASSWORD"  # noqa: S105 -- the name of a variable
EXCHANGE_NAME = "Counterfoil Data Exchange"
EXCHANGE_USCC = "91000000MA00000030"
OWN_NAME = (
    "In production give --name, the exchange's registered name, and --uscc, its unified social"
    " credit code: they stand for good and cannot be changed afterwards."
)


def register(app: Flask, parts: Parts) -> None:
    """Attach the commands."""
    commands = [
        _bootstrap_command(parts),
        import_command(parts),
        erase_command(parts),
        export_command(parts),
        quality_command(parts),
        shard_command(parts),
        chain_command(parts),
        *key_commands(parts),
    ]
    for command in commands:
        app.cli.add_command(told(command))


def told(command: click.Command) -> click.Command:
    """The command with its refusals as one sentence and exit code 1, and no traceback."""
    run = command.callback
    assert run is not None, "a command without a function is a group"

    @functools.wraps(run)
    def run_and_tell(*args: Any, **options: Any) -> Any:
        try:
            return run(*args, **options)
        except CounterfoilError as refusal:
            raise click.ClickException(_sentence(refusal)) from None

    command.callback = run_and_tell
    return command


def _sentence(refusal: CounterfoilError) -> str:
    faults = cast("list[dict[str, str]]", refusal.facts.get("errors", []))
    return "\n".join(
        [refusal.detail, *(f"  {fault['pointer']}: {fault['detail']}" for fault in faults)]
    )


def _bootstrap_command(parts: Parts) -> click.Command:
    @click.command("bootstrap")
    @click.option("--email", required=True, help="E-mail address of the first operator.")
    @click.option("--name", default=EXCHANGE_NAME, show_default=True, help="The exchange's name.")
    @click.option("--uscc", default=EXCHANGE_USCC, show_default=True, help="Its credit code.")
    def bootstrap(email: str, name: str, uscc: str) -> None:
        """Make the exchange's own organisation and its first operator; harmless when repeated.

        The password is read from COUNTERFOIL_OPERATOR_PASSWORD, or asked for.
        """
        if parts.settings.is_production and (name == EXCHANGE_NAME or uscc == EXCHANGE_USCC):
            raise click.ClickException(OWN_NAME)
        password = os.environ.get(PASSWORD_VARIABLE) or click.prompt("Password", hide_input=True)  # noqa: TID251 -- a secret of this one command
        with parts.units.begin(Reach.EXCHANGE) as uow:
            made = accounts.bootstrap_exchange(
                uow, Argon2Passwords(), name=name, uscc=uscc, email=email, password=password
            )
            uow.commit()
        click.echo(f"{made.id} {made.name}")

    return bootstrap
