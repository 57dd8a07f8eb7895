"""The verifier shares no code with the exchange, and its figures are what they say they are."""

import ast
import sys
import tomllib
from pathlib import Path

import counterfoil_verify
import pytest
from counterfoil_verify import chain
from eth_utils.crypto import keccak

PACKAGE = Path(counterfoil_verify.__file__).parent
ALLOWED = {"counterfoil_verify", "cryptography"} | set(sys.stdlib_module_names)
GENERATOR = sorted((Path(__file__).parents[2] / "vectors").glob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_the_verifier_imports_only_the_standard_library_and_cryptography(path):
    assert set(imported(path)) <= ALLOWED


@pytest.mark.parametrize("path", GENERATOR, ids=lambda path: path.name)
def test_the_makers_of_vectors_share_no_code_with_product_or_verifier(path):
    allowed = {"tests", "cryptography"} | set(sys.stdlib_module_names)
    assert set(imported(path)) <= allowed


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda p: p.name)
def test_these_tests_use_nothing_of_the_exchange(path):
    rooms = {"app", "ledger", "metering", "listings", "compliance", "contracts"}
    assert not set(imported(path)) & rooms


def test_the_package_depends_on_cryptography_alone():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert [name.split()[0] for name in project["project"]["dependencies"]] == ["cryptography"]


def test_the_selector_and_the_topic_derive_from_their_signatures():
    assert "0x" + keccak(text="head()")[:4].hex() == chain.HEAD_SELECTOR
    topic = keccak(text="HeadAnchored(uint64,bytes32,uint64)").hex()
    assert f"0x{topic}" == chain.HEAD_ANCHORED_TOPIC
