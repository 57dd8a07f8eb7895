"""The verifier shares no code with the exchange, and its figures are what they say they are."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from pkgutil import resolve_name

import counterfoil_verify
import pytest
from counterfoil_verify import chain
from eth_utils.crypto import keccak

PACKAGE = Path(counterfoil_verify.__file__).parent
ALLOWED = {"counterfoil_verify", "cryptography"} | set(sys.stdlib_module_names)
STANDS_ON = ["log", "money", "quality", "bundle", "commands"]
"""Subpackages; each may import those before it."""
GENERATOR = sorted((Path(__file__).parents[2] / "vectors").glob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_verifier_imports_only_the_standard_library_and_cryptography(path):
    assert set(imported(path)) <= ALLOWED


def subpackages(tree):
    """Those of the verifier that a module imports from."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    parts = [name.split(".") for name in names]
    return {each[1] for each in parts if each[0] == "counterfoil_verify" and len(each) > 1}


def above(room):
    return set(STANDS_ON[STANDS_ON.index(room) + 1 :])


@pytest.mark.parametrize("room", STANDS_ON)
def test_a_subpackage_imports_none_that_stands_on_it(room):
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PACKAGE / room).glob("*.py")]
    assert len(trees) > 1
    assert not set().union(*map(subpackages, trees)) & above(room)


@pytest.mark.parametrize(
    "planted",
    [
        "from counterfoil_verify import bundle",
        "from counterfoil_verify.bundle.steps import check",
        "import counterfoil_verify.commands.log",
    ],
)
def test_a_planted_import_of_what_stands_on_it_is_noticed(planted):
    assert subpackages(ast.parse(planted)) & above("log")


@pytest.mark.parametrize("path", GENERATOR, ids=lambda path: path.name)
def test_the_makers_of_vectors_share_no_code_with_product_or_verifier(path):
    allowed = {"tests", "cryptography"} | set(sys.stdlib_module_names)
    assert set(imported(path)) <= allowed


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda p: p.name)
def test_these_tests_use_nothing_of_the_exchange(path):
    rooms = {"app", "ledger", "metering", "listings", "compliance", "contracts"}
    assert not set(imported(path)) & rooms


def documented_names():
    """What the pages tell programs to import."""
    pages = [
        path.read_text(encoding="utf-8") for path in (PACKAGE.parents[1] / "docs").rglob("*.md")
    ]
    text = "\n".join(pages)
    imports = re.findall(r"from (counterfoil_verify[\w.]*) import (\w+)", text)
    written = re.findall(r"`(counterfoil_verify[\w.]*)\.(\w+)`", text)
    return {f"{module}:{name}" for module, name in imports + written}


def test_programs_find_what_the_pages_name():
    names = documented_names()
    assert {"counterfoil_verify.vault:ReceiptVault"} < names
    assert all(callable(resolve_name(name)) for name in names)


def test_the_package_depends_on_cryptography_alone():
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert [name.split()[0] for name in project["project"]["dependencies"]] == ["cryptography"]


def test_the_selector_and_the_topic_derive_from_their_signatures():
    assert "0x" + keccak(text="head()")[:4].hex() == chain.HEAD_SELECTOR
    topic = keccak(text="HeadAnchored(uint64,bytes32,uint64)").hex()
    assert f"0x{topic}" == chain.HEAD_ANCHORED_TOPIC
