"""The command that shows the exchange's accounts on the chain, which need coins where gas costs."""

import click

from app.parts import Parts

PAYS_FOR = {
    "administrator": "deploys the contracts, announces and retires the log's keys",
    "anchorer": "anchors the log's heads",
    "registrar": "records licences and settlement statements",
}


def chain_command(parts: Parts) -> click.Command:
    """Show the accounts; asks no node, so it answers before the first start too."""

    @click.command("chain-accounts")
    def chain_accounts() -> None:
        """Print role, address (EIP-55) and purpose of the exchange's accounts on the chain."""
        from contracts.accounts import AccountKeys  # noqa: PLC0415 -- large, and for this alone

        keys = AccountKeys.derive(parts.keyring.chain_account)
        for (role, purpose), address in zip(PAYS_FOR.items(), keys.addresses, strict=True):
            click.echo(f"{role:<14} {address}  {purpose}")

    return chain_accounts
