"""The committed code is what the committed sources compile to."""

import hashlib

import pytest

from contracts import compile as compiling
from contracts.artefacts import load_artefact

vyper = pytest.importorskip("vyper", reason="vyper is a development requirement")


@pytest.mark.parametrize("name", compiling.SOURCES)
def test_compiling_again_gives_the_committed_artefact(name):
    committed = (compiling.COMPILED / f"{name}.json").read_text(encoding="utf-8")
    assert compiling.artefact_text(compiling.compile_source(name)) == committed


@pytest.mark.parametrize("name", compiling.SOURCES)
def test_the_artefact_names_its_source_by_hash(name):
    source = (compiling.ROOT / f"{name}.vy").read_bytes()
    assert load_artefact(name).source_sha256 == hashlib.sha256(source).hexdigest()


def test_every_source_is_compiled():
    assert {path.stem for path in compiling.ROOT.glob("*.vy")} == set(compiling.SOURCES)


def test_code_is_recognised_with_its_immutables_and_not_otherwise():
    artefact = load_artefact("anchor_registry")
    assert artefact.is_code_of(artefact.runtime_bytecode + bytes(32))
    assert not artefact.is_code_of(b"")
    assert not artefact.is_code_of(load_artefact("licence_registry").runtime_bytecode)
