"""Compiles the contracts and writes what the product runs on: interface, code and source hash.

``python -m contracts.compile`` needs Vyper (a development requirement); running the product does
not, because its output is committed and a test compiles again and compares.
"""

import json
import sys
from pathlib import Path
from typing import Any

from app.core.canonical import sha256_hex

ROOT = Path(__file__).parent
COMPILED = ROOT / "compiled"
SOURCES = ("anchor_registry", "key_registry", "licence_registry", "settlement_registry")
EVM_VERSION = "paris"
"""The oldest target with every opcode used: younger nodes run it too, older consortia need it."""


def compile_source(name: str) -> dict[str, Any]:
    """The artefact of one contract: a pure function of its source text."""
    # Imported here: the compiler is absent where the product only runs.
    import vyper  # noqa: PLC0415
    from vyper.compiler import compile_code  # noqa: PLC0415
    from vyper.compiler.settings import Settings  # noqa: PLC0415

    source = (ROOT / f"{name}.vy").read_text(encoding="utf-8")
    compiled = compile_code(
        source,
        output_formats=["abi", "bytecode", "bytecode_runtime"],
        settings=Settings(evm_version=EVM_VERSION),
    )
    return {
        "contract": name,
        "source_sha256": sha256_hex(source.encode()),
        "compiler": f"vyper {vyper.__version__}",
        "evm_version": EVM_VERSION,
        "abi": compiled["abi"],
        "bytecode": compiled["bytecode"],
        "runtime_bytecode": compiled["bytecode_runtime"],
    }


def artefact_text(artefact: dict[str, Any]) -> str:
    """The committed form of an artefact: stable key order, one trailing newline."""
    return json.dumps(artefact, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Write every artefact; the exit code is zero."""
    COMPILED.mkdir(exist_ok=True)
    for name in SOURCES:
        artefact = compile_source(name)
        (COMPILED / f"{name}.json").write_text(artefact_text(artefact), encoding="utf-8")
        sys.stdout.write(f"{name}: source {artefact['source_sha256']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
