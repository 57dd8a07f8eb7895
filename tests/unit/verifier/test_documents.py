"""The pages say what the code does, and outside readers accept what the vectors hold."""

import argparse
import re
from pathlib import Path

import metamorphic_log
import pytest
from counterfoil_verify import acknowledgements, chain, cli, leaves, receipts, signed_reports
from counterfoil_verify.bundle import manifest, steps
from counterfoil_verify.money import credit_notes, invoices, statements, sum_tree

from tests.vectors.primitives import consistency_path, hash_leaf, inclusion_path

DOCS = Path(__file__).parents[3] / "docs"


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_commands_of_the_auditors_page_exist():
    named = set(re.findall(r"counterfoil-verify ([a-z-]+) ", page("audit.md")))
    parser = cli._parser()
    choices = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction)).choices
    assert named == set(choices)
    options = set(re.findall(r"(?<=\s)--[a-z-]+", page("audit.md"))) - {"--help"}
    known = {flag for kind in choices.values() for flag in kind._option_string_actions}
    assert options <= known


@pytest.mark.parametrize(
    "module",
    [
        acknowledgements,
        manifest,
        credit_notes,
        invoices,
        receipts,
        signed_reports,
        statements,
    ],
    ids=lambda m: m.__name__,
)
def test_the_format_page_names_formats_and_domains(module):
    text = page("evidence.md")
    assert module.FORMAT in text
    assert module.DOMAIN.decode().rstrip("\0") in text


def test_the_format_page_names_a_statement_s_formats_and_domains():
    text = page("evidence.md")
    formats = (statements.STATEMENT_FORMAT, statements.SHOWN_ROW_FORMAT, statements.ROW_FORMAT)
    tree = (sum_tree.ROW_DOMAIN, sum_tree.NODE_DOMAIN, sum_tree.ROOT_DOMAIN)
    domains = [each.decode().rstrip("\0") for each in (statements.ROW_DOMAIN, *tree)]
    assert [name for name in (*formats, *domains) if name not in text] == []


def test_the_format_page_names_the_contracts_interface():
    assert chain.HEAD_SELECTOR in page("evidence.md")
    assert chain.HEAD_ANCHORED_TOPIC in page("evidence.md")
    assert f"{leaves.LEAF_BYTES_MAX:,} bytes" in page("evidence.md")


def test_the_format_page_names_every_member_of_a_call_leaf():
    text = page("evidence.md")
    assert all(f"`{name}`" in text or f'"{name}"' in text for name in leaves._CALL_MEMBERS)


def test_the_steps_of_a_bundle_are_named_in_order():
    text = page("evidence.md")
    places = [text.index(f"{number} **{name}**") for number, name in enumerate(steps.STEPS, 1)]
    assert places == sorted(places)


def test_an_outside_reader_accepts_the_vectors_log(exchange):
    """metamorphic-log shares nothing with us: if it agrees, the generator read C2SP rightly."""
    note, keys = exchange.checkpoint().decode(), [exchange.checkpoints.vkey]
    earlier = exchange.checkpoint(6).decode()
    assert metamorphic_log.checkpoint_verify(note, keys).size == 14
    for index, entry in enumerate(exchange.entries):
        path = inclusion_path(index, exchange.hashes)
        metamorphic_log.checkpoint_verify_inclusion(note, keys, index, hash_leaf(entry), path)
    path = consistency_path(6, exchange.hashes)
    metamorphic_log.checkpoint_verify_consistency(earlier, note, keys, path)
