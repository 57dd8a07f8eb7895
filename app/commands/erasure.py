"""The command that erases details of calls on a person's or an organisation's request."""

from datetime import datetime

import click

from app.commands.days import DAY
from app.core.reach import Reach
from app.parts import Parts
from metering.erasure.details import REASONS, erase_details


def erase_command(parts: Parts) -> click.Command:
    """Erase the details of a licence's calls."""

    @click.command("erase-details")
    @click.argument("licence_id")
    @click.option("--until", type=DAY, required=True, help="Shanghai's day, not included.")
    @click.option("--reason", type=click.Choice(REASONS), required=True)
    @click.confirmation_option(prompt="This cannot be undone, and buyers' proofs lose it. Erase?")
    def erase_details_command(licence_id: str, until: datetime, reason: str) -> None:
        """Erase detail records, their keys and kept answers of LICENCE_ID's calls before a day.

        Leaves and proofs stand; receipts that are fetched again show no detail.
        """
        total, erased = 0, 1
        while erased:
            with parts.units.begin(Reach.EXCHANGE) as uow:
                erased = erase_details(uow, licence_id, until=until, reason_code=reason)
                uow.commit()
            total += erased
        click.echo(f"{total} calls")

    return erase_details_command
