"""Ledger proofs as text (C2SP tlog-proof) and consistency proofs as JSON values."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.canonical import base64_text

HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class LedgerProof:
    """An entry's index, its path to the root, and the checkpoint note that signs that root."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    @property
    def text(self) -> str:
        """The proof in the form that any reader of the specification checks offline."""
        hashes = "".join(f"{base64_text(item)}\n" for item in self.path)
        return f"{HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}"


def consistency_document(
    first: int, second: int, hashes: Sequence[bytes], *, first_root: bytes, second_root: bytes
) -> dict[str, object]:
    """The proof between two heads as a JSON value: sizes, base64 roots and base64 hashes."""
    return {
        "from": first,
        "to": second,
        "from_root": base64_text(first_root),
        "to_root": base64_text(second_root),
        "hashes": [base64_text(item) for item in hashes],
    }
