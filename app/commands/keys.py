"""Commands that rotate the log's keys; docs/operate.md says in which order."""

import click

from app.keys import rotation
from app.keys.keyring import ROLES
from app.keys.role_keys import KeyStepRefused
from app.keys.rotation import REASONS
from app.parts import Parts

RESTART = "Restart every process now: each reads the keys when it starts."
_role = click.argument("role", type=click.Choice(ROLES))


def key_commands(parts: Parts) -> list[click.Command]:
    """The three steps of a rotation."""
    return [_rotate_command(parts), _switch_command(parts), _retire_command(parts)]


def _rotate_command(parts: Parts) -> click.Command:
    @click.command("rotate-log-key")
    @_role
    def rotate_log_key(role: str) -> None:
        """Make ROLE's next key and announce it in the log and on chain; harmless when repeated."""
        try:
            line = rotation.announce_next(parts.units, parts.keyring, role)
        except KeyStepRefused as refusal:
            raise click.ClickException(str(refusal)) from None
        click.echo(f"announced {line}\n{RESTART}")

    return rotate_log_key


def _switch_command(parts: Parts) -> click.Command:
    @click.command("switch-log-key")
    @_role
    @click.option("--without-chain", is_flag=True, help="Do not wait for the chain to have it.")
    def switch_log_key(role: str, *, without_chain: bool) -> None:
        """Let ROLE sign with its announced key; the former one stays for the overlap."""
        try:
            line = rotation.switch(parts.units, parts.keyring, role, needs_chain=not without_chain)
        except KeyStepRefused as refusal:
            raise click.ClickException(str(refusal)) from None
        click.echo(f"current {line}\n{RESTART}")

    return switch_log_key


def _retire_command(parts: Parts) -> click.Command:
    @click.command("retire-log-key")
    @_role
    @click.option("--reason", type=click.Choice(REASONS), default=REASONS[0], show_default=True)
    @click.option("--until-size", type=int, help="An earlier tree size to end at (a compromise).")
    def retire_log_key(role: str, *, reason: str, until_size: int | None) -> None:
        """End ROLE's former key in the log and on chain, and forget its private half."""
        try:
            line = rotation.retire(
                parts.units, parts.keyring, role, reason=reason, until_size=until_size
            )
        except KeyStepRefused as refusal:
            raise click.ClickException(str(refusal)) from None
        click.echo(f"retired {line}\n{RESTART}")

    return retire_log_key
