"""The words of a buyer's commands: its vault of receipts, its keys, its acknowledgements."""

import argparse
from collections.abc import Callable
from pathlib import Path

from counterfoil_verify.cli_words import named, word
from counterfoil_verify.commands import vaults as vault_commands
from counterfoil_verify.keys import BUYERS_SUFFIX
from counterfoil_verify.report import Report
from counterfoil_verify.vault import ReceiptVault

VaultAction = Callable[[ReceiptVault, argparse.Namespace, Report], None]


def _in_vault(
    act: VaultAction, add_arguments: Callable[[argparse.ArgumentParser], None]
) -> Callable[[argparse.ArgumentParser], None]:
    """The arguments of an action on a buyer's vault."""

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("vault", type=Path, help="the vault's file; made when not there")
        add_arguments(parser)
        parser.set_defaults(run=vault_commands.use_vault, act=act)

    return add


def _take(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", help="receipts: JSON, or header values")
    parser.add_argument("--body", type=Path, help="the answer that came with the one receipt")


def _watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", help="the log's address, or a folder")


def _promises(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", help="the exchange's address")
    parser.add_argument(
        "--token", default="", help="a buyer's bearer token (better: $COUNTERFOIL_TOKEN)"
    )
    parser.add_argument("--token-file", type=Path, help="a file that holds the token")


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("licence", help="the licence's id")


def _named(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name", required=True, type=word(named(BUYERS_SUFFIX)),
        help="the key's name: <organisation id>/acknowledgements",
    )  # fmt: skip


def _acknowledge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("licence", help="the licence's id")
    _named(parser)
    parser.add_argument("--signing-key", type=Path, required=True, help="Ed25519 key, PEM")
    parser.add_argument("--out", type=Path, help="where to write it; standard output otherwise")


def _buyer_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("signing_key", type=Path, help="Ed25519 key, PEM")
    _named(parser)
    parser.set_defaults(run=vault_commands.show_buyer_key)


def _acknowledgement(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a buyer's acknowledgement")
    parser.add_argument("--invoice", type=Path, help="invoice evidence to compare it with")
    parser.set_defaults(run=vault_commands.check_acknowledgement_file)


COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], str]] = {
    "acknowledgement": (_acknowledgement, "check a buyer's acknowledgement"),
    "buyer-key": (_buyer_key, "show the verification key that a buyer registers at the exchange"),
    "vault-take": (_in_vault(vault_commands.take, _take), "verify and keep usage receipts"),
    "vault-watch": (
        _in_vault(vault_commands.watch, _watch),
        "accept the log's newest checkpoint, if it extends the last one",
    ),
    "vault-promises": (
        _in_vault(vault_commands.promises, _promises),
        "fetch the proofs that the kept receipts promise",
    ),
    "vault-show": (
        _in_vault(vault_commands.show, _show),
        "show what the vault holds of a licence, and what speaks against the exchange",
    ),
    "vault-acknowledge": (
        _in_vault(vault_commands.acknowledge, _acknowledge),
        "sign a licence's running totals as far as every receipt is held",
    ),
}
