"""Reads the committed interface and code of each contract."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_COMPILED = Path(__file__).parent / "compiled"


@dataclass(frozen=True)
class Artefact:
    """A compiled contract; ``source_sha256`` ties it to the committed source text."""

    contract: str
    source_sha256: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    runtime_bytecode: bytes

    def is_code_of(self, deployed: bytes) -> bool:
        """Whether deployed code is this contract's: its runtime code, then its immutables."""
        return bool(deployed) and deployed.startswith(self.runtime_bytecode)


@cache
def load_artefact(name: str) -> Artefact:
    """The artefact of a contract, by the name of its source."""
    stored = json.loads((_COMPILED / f"{name}.json").read_text(encoding="utf-8"))
    return Artefact(
        contract=stored["contract"],
        source_sha256=stored["source_sha256"],
        abi=tuple(stored["abi"]),
        bytecode=bytes.fromhex(stored["bytecode"].removeprefix("0x")),
        runtime_bytecode=bytes.fromhex(stored["runtime_bytecode"].removeprefix("0x")),
    )
