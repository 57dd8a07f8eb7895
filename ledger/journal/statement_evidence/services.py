"""Gathers a statement's evidence; needs the exchange's reach, after it is known who asks."""

from typing import Any

from sqlalchemy.orm import Session

from app.core.ids import LicenceId
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement.models import Settlement
from ledger.journal.settlement.statements import signed_bytes
from ledger.journal.statement_evidence.documents import (
    EVIDENCE_FORMAT,
    ROW_EVIDENCE_FORMAT,
    evidence_document,
    row_document,
    signed_row_bytes,
    tree_of,
)
from ledger.journal.statement_evidence.errors import StatementNotYetPublished, StatementRowNotFound


def statement_evidence(
    session: Session, ports: EvidencePorts, settlement: Settlement
) -> dict[str, Any]:
    """The whole statement, every row of its tree with its salt, and its leaf.

    Raises `StatementNotYetPublished`.
    """
    rows = settlement_queries.list_statement_rows(session, settlement.settlement_id)
    shown = tree_of(rows).rows if rows else []
    signature = ports.signer.sign(signed_bytes(settlement.statement))
    evidence = _evidence(
        session, ports, settlement, EVIDENCE_FORMAT, settlement.statement, signature
    )
    return {**evidence, "rows": [row.document for row in shown]}


def row_evidence(
    session: Session, ports: EvidencePorts, settlement: Settlement, licence_id: LicenceId
) -> dict[str, Any]:
    """A licence's row, its path and the statement's leaf; no other row.

    Raises `StatementRowNotFound`, `StatementNotYetPublished`.
    """
    rows = settlement_queries.list_statement_rows(session, settlement.settlement_id)
    if licence_id not in {row.subject for row in rows}:
        raise StatementRowNotFound(settlement.settlement_id, licence_id)
    document = row_document(settlement.statement, tree_of(rows), licence_id)
    signature = ports.signer.sign(signed_row_bytes(document))
    return _evidence(session, ports, settlement, ROW_EVIDENCE_FORMAT, document, signature)


def _evidence(  # noqa: PLR0917 -- both kinds of evidence, put together alike
    session: Session,
    ports: EvidencePorts,
    settlement: Settlement,
    format_name: str,
    document: dict[str, Any],
    signature: bytes,
) -> dict[str, Any]:
    leaf_hash = ports.facts.find_statement_leaf(session, settlement.settlement_id)
    name, proofs = ports.signer.name, None
    if leaf_hash is not None:
        proofs = ports.lane_ledger.prove(session, [leaf_hash], key_name=name)
    if leaf_hash is None or proofs is None:
        raise StatementNotYetPublished(settlement.settlement_id)
    return evidence_document(
        format_name=format_name,
        document=document,
        signature=signature,
        key_name=name,
        leaf_hash=leaf_hash,
        proofs=proofs,
    )
