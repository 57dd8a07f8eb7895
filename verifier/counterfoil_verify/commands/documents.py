"""The command about a file in hand: which entry of the log names it."""

import argparse
from operator import attrgetter

from counterfoil_verify import documents
from counterfoil_verify.commands.bundles import open_bundle
from counterfoil_verify.commands.inputs import trusted_keys
from counterfoil_verify.commands.receipts import check_inclusion, read_leaf
from counterfoil_verify.errors import NotChecked, require
from counterfoil_verify.leaves import Leaf
from counterfoil_verify.log.sources import read_file
from counterfoil_verify.receipts import RECEIPT_BYTES_MAX
from counterfoil_verify.report import Report


def check_document(options: argparse.Namespace, report: Report) -> None:
    """A file in hand: an entry of the log names it, and the entry is proven to be there."""
    find = _check_named if options.bundle is None else _find_named
    leaves = find(options, report)
    if options.on is not None:
        with report.step(documents.VALIDITY) as detail:
            leaves, days = documents.valid_on(leaves, options.on)
            detail.append(days)
    report.facts["entry"] = dict(leaves[-1].record.members)


def _check_named(options: argparse.Namespace, report: Report) -> list[Leaf]:
    if options.entry is None or options.proof is None:
        raise NotChecked(documents.DOCUMENT, "give --entry and --proof, or --bundle")
    keyring = trusted_keys(options, report)
    with report.step("leaf") as detail:
        leaf = read_leaf(read_file(options.entry, 2 * RECEIPT_BYTES_MAX))
        detail.append(f"{leaf.type}, {leaf.hash.hex()}")
    with report.step(documents.DOCUMENT) as detail:
        detail.append(documents.check_document(leaf, documents.hash_file(options.file)))
    check_inclusion(report, options.proof, leaf, keyring)
    return [leaf]


def _find_named(options: argparse.Namespace, report: Report) -> list[Leaf]:
    """The proven entries that name the file, oldest first."""
    bundle = open_bundle(options, report, options.bundle)
    with report.step(documents.DOCUMENT) as detail:
        digest = documents.hash_file(options.file)
        naming = [leaf for leaf in bundle.leaves.values() if leaf.type in documents.NAMING]
        found = [leaf for leaf in naming if documents.named_hash(leaf) == digest]
        none = f"none of {len(naming)} entries names a file of SHA-256 {digest.hex()}"
        require(found, documents.DOCUMENT, none)
        proven = [leaf for leaf in found if leaf.hash not in bundle.unproven]
        proven.sort(key=attrgetter("at"))
        require(proven, documents.DOCUMENT, "nothing proves that the entry is in the log yet")
        detail.extend(documents.check_document(leaf, digest) for leaf in proven)
    return proven
