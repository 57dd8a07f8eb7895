"""Commands for operators, run as ``flask <command>``; each is one service in one unit of work."""

import csv
import os
from pathlib import Path

import click
from flask import Flask

from app.accounts import services as accounts
from app.accounts.argon2_passwords import Argon2Passwords
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.erasure_commands import erase_command
from app.key_commands import key_commands
from app.parts import Parts
from app.quality_commands import quality_command
from app.shard_commands import shard_command
from listings import imports
from listings.services import import_drafts

PASSWORD_VARIABLE = "COUNTERFOIL_OPERATOR_PASSWORD"  # noqa: S105 -- the name of a variable
EXCHANGE_NAME = "Counterfoil Data Exchange"
EXCHANGE_USCC = "91000000MA00000030"


def register(app: Flask, parts: Parts) -> None:
    """Attach the commands."""
    app.cli.add_command(_bootstrap_command(parts))
    app.cli.add_command(_import_command(parts))
    app.cli.add_command(erase_command(parts))
    app.cli.add_command(quality_command(parts))
    app.cli.add_command(shard_command(parts))
    for command in key_commands(parts):
        app.cli.add_command(command)


def _bootstrap_command(parts: Parts) -> click.Command:
    @click.command("bootstrap")
    @click.option("--email", required=True, help="E-mail address of the first operator.")
    @click.option("--name", default=EXCHANGE_NAME, show_default=True, help="The exchange's name.")
    @click.option("--uscc", default=EXCHANGE_USCC, show_default=True, help="Its credit code.")
    def bootstrap(email: str, name: str, uscc: str) -> None:
        """Make the exchange's own organisation and its first operator; harmless when repeated.

        The password is read from COUNTERFOIL_OPERATOR_PASSWORD, or asked for.
        """
        password = os.environ.get(PASSWORD_VARIABLE) or click.prompt("Password", hide_input=True)  # noqa: TID251 -- a secret of this one command
        with parts.units.begin(Reach.EXCHANGE) as uow:
            made = accounts.bootstrap_exchange(
                uow, Argon2Passwords(), name=name, uscc=uscc, email=email, password=password
            )
            uow.commit()
        click.echo(f"{made.id} {made.name}")

    return bootstrap


def _import_command(parts: Parts) -> click.Command:
    @click.command("import-listings")
    @click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--organisation", required=True, help="Id of the supplier who gets the drafts.")
    @click.option("--rejects", type=click.Path(path_type=Path), help="Write refused rows here.")
    def import_listings(path: Path, organisation: str, rejects: Path | None) -> None:
        """Read a CSV of listings: every row becomes a draft or a named reason why not."""
        drafts, refused = imports.read_listing_rows(path.read_text(encoding="utf-8-sig"))
        principal = Principal("cli", organisation, frozenset({Role.SUPPLIER}))
        with parts.units.begin(Reach.organisation(organisation)) as uow:
            import_drafts(uow, principal, drafts)
            uow.commit()
        if rejects:
            _write_rejects(rejects, refused)
        for row in refused[:20]:
            click.echo(f"row {row.row_number}: {row.field}: {row.reason}", err=True)
        click.echo(f"{len(drafts)} drafts, {len(refused)} rows refused")

    return import_listings


def _write_rejects(path: Path, refused: list[imports.RejectedRow]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row_number", "field", "reason"])
        writer.writerows((row.row_number, row.field, row.reason) for row in refused)
