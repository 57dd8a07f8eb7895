"""The command line: which evidence to check, with which keys, and where to report."""

import argparse
import datetime as dt
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from io import TextIOWrapper
from pathlib import Path

from counterfoil_verify import cli_buyers as buyers
from counterfoil_verify.cli_words import address, named, word
from counterfoil_verify.commands import bundles as bundle_commands
from counterfoil_verify.commands import chain as chain_commands
from counterfoil_verify.commands import documents as document_commands
from counterfoil_verify.commands import log as log_commands
from counterfoil_verify.commands import money as money_commands
from counterfoil_verify.commands import receipts as receipt_commands
from counterfoil_verify.commands import rows as row_commands
from counterfoil_verify.commands.vaults import read_private_key
from counterfoil_verify.errors import NotChecked, Rejected
from counterfoil_verify.finality import FORMS, Finality
from counterfoil_verify.keys import REPORTS_SUFFIX, parse_vkey
from counterfoil_verify.report import Report
from counterfoil_verify.signed_reports import sign_report

PASSED, REJECTED, NOT_CHECKED = 0, 1, 3
_ABOUT = (
    "Checks what a Counterfoil exchange claims, without trusting it. Exit code 0: every step"
    " passed; 1: rejected, the evidence or the keys given; 2: used wrongly; 3: nothing was decided,"
    " because something is missing or out of reach. --keys takes a keys.json, or its address, such"
    " as https://exchange.example/log/keys; compare the fingerprints that are printed with those"
    " that you got elsewhere."
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="counterfoil-verify", description=_ABOUT)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--keys", help="trusted keys: a file or an address")
    shared.add_argument(
        "--key", action="append", default=[], type=word(lambda text: parse_vkey(text).text),
        metavar="VKEY", help="a trusted verification key: name+key id+Base64",
    )  # fmt: skip
    shared.add_argument("--json", type=Path, help="write a machine-readable report here")
    shared.add_argument("--sign-with", type=Path, help="sign that report: an Ed25519 key, PEM")
    shared.add_argument(
        "--signer", type=word(named(REPORTS_SUFFIX)), help="the signing key's name: …/reports"
    )
    kinds = parser.add_subparsers(dest="command", required=True)
    for name, (add_arguments, about) in _COMMANDS.items():
        add_arguments(kinds.add_parser(name, parents=[shared], help=about, description=about))
    return parser


def _parameters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--parameters", type=Path, help="what was asked: JSON, typed as the listing's fields are"
    )


def _receipt(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="usage receipt: JSON, or the header's value")
    parser.add_argument("--body", type=Path, help="the response body as received")
    _parameters(parser)
    parser.add_argument("--proof", type=Path, help="the leaf's ledger proof")
    parser.add_argument(
        "--opening", type=Path, action="append", default=[],
        help="where the proof is of a later shard than promised: that shard's opening, then the"
        " next older one's (GET /log/<shard>/opening)",
    )  # fmt: skip
    parser.set_defaults(run=receipt_commands.check_receipt)


def _signed_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="what the buyer signed, as the exchange shows it")
    parser.add_argument("--receipt", type=Path, required=True, help="the call's usage receipt")
    _parameters(parser)
    parser.add_argument("--sent", type=Path, help="the body that a POST sent, byte for byte")
    parser.set_defaults(run=receipt_commands.check_signed_request)


def _proof(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="ledger proof (C2SP tlog-proof)")
    parser.add_argument("--entry", type=Path, required=True, help="leaf bytes or usage receipt")
    parser.set_defaults(run=receipt_commands.check_proof)


def _document(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the file in hand, byte for byte")
    parser.add_argument("--entry", type=Path, help="the entry: leaf bytes, or as the log shows it")
    parser.add_argument("--proof", type=Path, help="the entry's ledger proof")
    parser.add_argument("--bundle", type=Path, help="a bundle that has both, instead")
    parser.add_argument(
        "--on", type=word(dt.date.fromisoformat), metavar="YYYY-MM-DD",
        help="a day on which it must have been valid",
    )  # fmt: skip
    parser.set_defaults(run=document_commands.check_document)


def _invoice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="invoice evidence")
    parser.set_defaults(run=money_commands.check_invoice)


def _credit_note(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="credit note evidence")
    parser.set_defaults(run=money_commands.check_credit_note)


def _statement(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="evidence of a statement, whole or one row of it")
    parser.set_defaults(run=money_commands.check_statement)


def _log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("place", help="the log's address, a folder, or an evidence bundle")
    parser.add_argument(
        "--token", default="", help="an auditor's bearer token (better: $COUNTERFOIL_TOKEN)"
    )
    parser.add_argument("--token-file", type=Path, help="a file that holds the token")
    parser.add_argument("--without-tiles", action="store_true", help="compare entries only")
    parser.add_argument(
        "--this-shard", action="store_true", help="leave out the shards that this one carries on"
    )
    parser.add_argument("--since", type=Path, help="an earlier checkpoint, to be extended")
    parser.set_defaults(run=log_commands.check_log)


def _finality(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--finality", type=word(Finality.parse), metavar="RULE",
        help=f"count only what stands in a block that is final: {FORMS}",
    )  # fmt: skip


def _chain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rpc", required=True, help="address of an EVM node's JSON-RPC")
    parser.add_argument(
        "--contract", required=True, type=word(address), help="address of the anchor registry"
    )
    parser.add_argument("--checkpoint", type=Path, required=True, help="the log's checkpoint")
    parser.add_argument("--log", help="where the tiles are, for consistency between sizes")
    _finality(parser)
    parser.set_defaults(run=chain_commands.check_chain)


def _bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="evidence bundle (zip)")
    parser.add_argument("--rpc", help="address of an EVM node, to check the anchors")
    parser.add_argument(
        "--contract", type=word(address), help="the anchor registry that was promised"
    )
    _finality(parser)
    parser.set_defaults(run=bundle_commands.check_bundle)


def _contradiction(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="usage receipt, invoice evidence or checkpoint")
    parser.add_argument("second", type=Path, help="another one")
    parser.set_defaults(run=bundle_commands.check_contradiction)


def _rows_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the rows: CSV, .json (a list) or .jsonl")
    parser.add_argument("--of", type=Path, help="the sample or report that they belong to")
    parser.add_argument("--reveal", type=Path, help="write the drawn rows with their paths there")
    parser.set_defaults(run=row_commands.compute_root)


def _rows_reveal(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the revealed rows: index, row and path of each")
    for name, about in (
        ("report", "the quality report, as the exchange shows it"),
        ("entry", "the log's entry of the report"),
        ("proof", "its ledger proof"),
        ("committed", "the log's entry of the commitment"),
        ("committed-proof", "its ledger proof, not older than the draw"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help=about)
    parser.add_argument("--log", required=True, help="where the log's tiles are")
    parser.set_defaults(run=row_commands.check_revealed)


def _report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the report that --json wrote")
    parser.add_argument("--signature", type=Path, required=True, help="its signature file")
    parser.add_argument(
        "--auditor", required=True, type=word(parse_vkey), metavar="VKEY",
        help="the auditor's verification key",
    )  # fmt: skip
    parser.set_defaults(run=bundle_commands.check_report)


_COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], str]] = {
    "receipt": (_receipt, "check a usage receipt"),
    "signed-request": (_signed_request, "check that a buyer signed the call of a receipt"),
    "proof": (_proof, "check that a leaf is in the log"),
    "document": (_document, "check that a file is the one that an entry of the log names"),
    "invoice": (_invoice, "check an invoice against its opening and closing leaves"),
    "credit-note": (_credit_note, "check a credit note and that no credit is hidden before it"),
    "statement": (_statement, "check a supplier's statement, or one licence's row of it"),
    "log": (_log, "audit the whole log"),
    "chain": (_chain, "compare a checkpoint with the anchor contract"),
    "bundle": (_bundle, "check an evidence bundle"),
    "report": (_report, "check an auditor's signature under a report"),
    "contradiction": (
        _contradiction,
        "show that two signed statements contradict each other: exit code 0 if they do",
    ),
    "rows-root": (_rows_root, "compute the root over a file's rows, as a quality sample commits"),
    "rows-reveal": (_rows_reveal, "check revealed rows against a quality report and the log"),
    **buyers.COMMANDS,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a check; 0 passed, 1 rejected, 2 used wrongly, 3 could not check."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.sign_with is not None and (options.json is None or options.signer is None):
        parser.error("--sign-with signs what --json writes, as --signer: give all three")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    report = Report(options.command, sys.stdout)
    try:
        with ExitStack() as options.opened:
            options.run(options, report)
    except Rejected as error:
        report.stop(error.step, f"rejected: {error.reason}")
        return _end(options, report, f"REJECTED at {error.step}: {error.reason}", REJECTED)
    except NotChecked as error:
        report.stop(error.step, f"not checked: {error.reason}")
        return _end(options, report, f"NOT CHECKED ({error.step}): {error.reason}", NOT_CHECKED)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 -- Python ends in 1 on a traceback, which would read as a verdict
        fault = f"{type(error).__name__}: {error}"[:300]
        report.stop("verifier", f"not checked: {fault}")
        return _end(options, report, f"NOT CHECKED (verifier): {fault}", NOT_CHECKED)
    return _end(options, report, "verified", PASSED)


def encoded(report: Report) -> bytes:
    """The report's file; a name that is no Unicode is spelled as JSON spells it."""
    return report.to_json().encode(errors="backslashreplace")


def _end(options: argparse.Namespace, report: Report, verdict: str, code: int) -> int:
    report.facts["verdict"] = verdict
    report.say(verdict)
    if options.json is None:
        return code
    try:
        _write_report(options, encoded(report))
    except (OSError, Rejected, NotChecked) as error:
        print(f"the report cannot be written: {error}", file=sys.stderr)
        return code or NOT_CHECKED
    return code


def _write_report(options: argparse.Namespace, data: bytes) -> None:
    """The report, and beside it its signature where a key is given."""
    options.json.write_bytes(data)
    if options.sign_with is not None:
        key = read_private_key(options.sign_with)
        signature = sign_report(data, name=options.signer or "", key=key)
        options.json.with_name(options.json.name + ".sig").write_bytes(signature + b"\n")


if __name__ == "__main__":
    sys.exit(main())
