"""The commands about evidence put together: a bundle, a contradiction, an auditor's report."""

import argparse
from pathlib import Path

from counterfoil_verify import contradictions
from counterfoil_verify.anchors import NO_REGISTRY, Registry
from counterfoil_verify.bundle import steps as bundles
from counterfoil_verify.chain import Chain
from counterfoil_verify.commands.inputs import given_keys, kept, trusted_keys
from counterfoil_verify.container import Container
from counterfoil_verify.errors import NotChecked
from counterfoil_verify.finality import UNDEMANDED
from counterfoil_verify.keys import Key
from counterfoil_verify.log.sources import read_file
from counterfoil_verify.money import invoices
from counterfoil_verify.report import Report
from counterfoil_verify.signed_reports import (
    REPORT_BYTES_MAX,
    SIGNATURE_BYTES_MAX,
    parse_report_signature,
    stated,
)
from counterfoil_verify.signed_reports import check_report as check_signed_report


def check_bundle(options: argparse.Namespace, report: Report) -> None:
    """An evidence bundle in ten steps."""
    if options.finality and not options.rpc:
        raise NotChecked("anchors", "--finality is asked of a node: give --rpc")
    chain = kept(options, Chain(options.rpc)) if options.rpc else None
    registry = Registry(options.contract or "", chain, options.finality or UNDEMANDED)
    open_bundle(options, report, options.file, registry=registry)


def open_bundle(
    options: argparse.Namespace, report: Report, path: Path, *, registry: Registry = NO_REGISTRY
) -> bundles.Bundle:
    """A bundle that passed its ten steps."""
    with report.step(bundles.CONTAINER) as detail:
        container = Container.open(path)
        detail.append(f"{len(container):,} files")
    given = given_keys(options)
    if given is not None:
        report.show_keys(given)
    return bundles.check_bundle(container, given, report, registry=registry)


def check_contradiction(options: argparse.Namespace, report: Report) -> None:
    """Two signed statements that cannot both be true: passes when they contradict each other."""
    keyring = trusted_keys(options, report)
    found = []
    for name, path in (("first", options.first), ("second", options.second)):
        with report.step(f"{name} signature") as detail:
            signed = contradictions.read_signed(
                read_file(path, invoices.EVIDENCE_BYTES_MAX), keyring
            )
            detail.append(signed.kind)
            found.append(signed.statement)
    with report.step(contradictions.STEP) as detail:
        reason = contradictions.find_contradiction(*found)
        detail.append(f"two contradicting signatures: {reason}")
    report.facts["contradiction"] = reason


def check_report(options: argparse.Namespace, report: Report) -> None:
    """A report of an earlier check, under the auditor's signature."""
    with report.step("format") as detail:
        found = parse_report_signature(read_file(options.signature, SIGNATURE_BYTES_MAX))
        detail.append(found.key.name)
    with report.step("signature") as detail:
        auditor: Key = options.auditor
        data = read_file(options.file, REPORT_BYTES_MAX)
        check_signed_report(data, found, auditor)
        detail.append(auditor.fingerprint)
    with report.step("report") as detail:
        detail.append(stated(data))
