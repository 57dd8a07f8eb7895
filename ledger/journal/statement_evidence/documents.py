"""Statement evidence as pure functions: a whole statement, or one row of it without the others.

Both show the statement's leaf, which names the root of the tree over its rows, under a checkpoint.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.canonical import base64_text, canonical_bytes
from ledger.journal.evidence.leaves import LedgerProofs
from ledger.journal.settlement.models import StatementRow
from ledger.journal.settlement.sum_tree import Row, Sums, SumTree

EVIDENCE_FORMAT = "counterfoil-statement-evidence/1"

ROW_FORMAT = "counterfoil-statement-row/1"

ROW_EVIDENCE_FORMAT = "counterfoil-statement-row-evidence/1"

ROW_SIGNATURE_DOMAIN = b"counterfoil/statement-row/v1\x00"


def tree_of(rows: Sequence[StatementRow]) -> SumTree:
    """The tree over stored rows, at least one."""
    return SumTree(
        Row(row.subject, row.salt, Sums(row.units, row.charged_amount, row.credited_amount))
        for row in rows
    )


def row_document(statement: Mapping[str, Any], tree: SumTree, subject: str) -> dict[str, Any]:
    """What the statement key signs for a row: the row, its path, the totals and the root.

    Raises `KeyError` for a subject without row.
    """
    row, proof = tree.prove(subject)
    return {
        "format": ROW_FORMAT,
        "settlement": statement["settlement"],
        "currency": statement["currency"],
        "period": statement["period"],
        "row": row.document,
        "index": proof.index,
        "siblings": [{"hash": node.digest.hex(), **_sums(node.sums)} for node in proof.siblings],
        "tree": statement["tree"],
    }


def signed_row_bytes(document: Mapping[str, Any]) -> bytes:
    """What the statement key signs for a row."""
    return ROW_SIGNATURE_DOMAIN + canonical_bytes(dict(document))


def evidence_document(
    *,
    format_name: str,
    document: Mapping[str, Any],
    signature: bytes,
    key_name: str,
    leaf_hash: str,
    proofs: LedgerProofs,
) -> dict[str, Any]:
    """A signed document with the statement's leaf and its proof."""
    return {
        "format": format_name,
        "statement": document,
        "signature": base64_text(signature),
        "key": key_name,
        "leaf": proofs.leaves[leaf_hash].document,
        **proofs.heads,
    }


def _sums(sums: Sums) -> dict[str, str]:
    return {
        "units": str(sums.units),
        "charged": str(sums.charged),
        "credited": str(sums.credited),
    }
