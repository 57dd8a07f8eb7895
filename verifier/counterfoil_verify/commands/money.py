"""The commands about money: an invoice, a credit note, a supplier's statement."""

import argparse

from counterfoil_verify.commands.inputs import open_heads, trusted_keys
from counterfoil_verify.log.sources import read_file
from counterfoil_verify.money import credit_notes, invoices, statements
from counterfoil_verify.money.sum_tree import Sums
from counterfoil_verify.report import Report


def check_invoice(options: argparse.Namespace, report: Report) -> None:
    """Invoice evidence: signature, two leaves a lane under a checkpoint, differences and sums."""
    keyring = trusted_keys(options, report)
    with report.step("format") as detail:
        data = read_file(options.file, invoices.EVIDENCE_BYTES_MAX)
        evidence = invoices.parse_invoice(data, is_strict=False)
        detail.append(evidence.invoice.invoice_id)
    checkpoint, earlier = open_heads(report, evidence, keyring)
    with report.step("signature") as detail:
        origin = checkpoint.origin
        detail.append(invoices.check_signature(evidence, keyring, origin, earlier).name)
    with report.step("inclusion") as detail:
        count = invoices.check_inclusions(evidence, checkpoint.head, earlier)
        detail.append(f"{count} leaves")
    with report.step("lanes") as detail:
        invoices.check_lanes(evidence)
        detail.append(f"{len(evidence.lanes)} lanes")
    with report.step("sums") as detail:
        total = invoices.check_sums(evidence)
        sign, units = "-" if total < 0 else "", abs(total)
        text = f"{sign}{units // 10**8}.{units % 10**8:08d}"
        detail.append(f"{text} {evidence.invoice.currency}")


def check_credit_note(options: argparse.Namespace, report: Report) -> None:
    """Credit note evidence: signature, every credit of the licence up to it, and the sums."""
    keyring = trusted_keys(options, report)
    with report.step("format") as detail:
        data = read_file(options.file, credit_notes.EVIDENCE_BYTES_MAX)
        evidence = credit_notes.parse_credit_note(data, is_strict=False)
        detail.append(f"credit {evidence.note.n} of {evidence.note.licence}")
    checkpoint, earlier = open_heads(report, evidence, keyring)
    with report.step("signature") as detail:
        origin = checkpoint.origin
        detail.append(credit_notes.check_signature(evidence, keyring, origin, earlier).name)
    with report.step("inclusion") as detail:
        count = credit_notes.check_inclusions(evidence, checkpoint.head, earlier)
        detail.append(f"{count} leaves")
    with report.step("credits") as detail:
        credit_notes.check_credits(evidence)
        detail.append(f"1 to {evidence.note.n}, none missing")
    with report.step("note"):
        credit_notes.check_note(evidence)
    with report.step("sums") as detail:
        amount = credit_notes.check_sums(evidence)
        text = f"{amount // 10**8}.{amount % 10**8:08d}"
        detail.append(f"{text} {evidence.note.currency}")


def check_statement(options: argparse.Namespace, report: Report) -> None:
    """Statement evidence: a supplier's whole statement, or one licence's row with its path."""
    keyring = trusted_keys(options, report)
    with report.step("format") as detail:
        data = read_file(options.file, statements.EVIDENCE_BYTES_MAX)
        evidence = statements.parse_statement(data, is_strict=False)
        is_whole = evidence.shown is None
        detail.append("a whole statement" if is_whole else f"the row of {evidence.rows[0].key}")
    checkpoint, earlier = open_heads(report, evidence, keyring)
    with report.step("signature") as detail:
        origin = checkpoint.origin
        detail.append(statements.check_signature(evidence, keyring, origin, earlier).name)
    with report.step("inclusion") as detail:
        detail.append(f"leaf {statements.check_leaf(evidence, checkpoint.head, earlier):,}")
    with report.step("statement") as detail:
        statements.check_statement(evidence)
        detail.append(evidence.document.text("settlement"))
    with report.step("rows" if is_whole else "path") as detail:
        top = statements.check_rows(evidence)
        count = 0 if evidence.tree is None else evidence.tree.row_count
        detail.append(f"{count:,} rows" if is_whole else f"one of {count:,} rows")
    with report.step("sums") as detail:
        detail.append(_totals(evidence, statements.check_sums(evidence, top)))


def _totals(evidence: statements.StatementEvidence, totals: Sums) -> str:
    sums = [("", *totals)]
    if evidence.shown is not None:
        sums = [("row: ", *evidence.rows[0].sums), ("; all: ", *totals)]
    currency = evidence.document.text("currency")
    return "".join(
        f"{name}charged {_money(charged)}, credited {_money(credited)} {currency}"
        for name, _, charged, credited in sums
    )


def _money(amount: int) -> str:
    return f"{amount // 10**8}.{amount % 10**8:08d}"
