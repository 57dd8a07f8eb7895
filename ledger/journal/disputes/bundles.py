"""The signed document of what was found about a dispute's calls. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from ledger.journal.disputes.examination import ExaminedCall

BUNDLE_FORMAT = "counterfoil-dispute-bundle/1"

EVIDENCE_FORMAT = "counterfoil-dispute-evidence/1"

SIGNATURE_DOMAIN = b"counterfoil/dispute-bundle/v1\x00"


def bundle_document(
    *,
    dispute_id: str,
    licence_id: str,
    reason_code: str,
    currency: str,
    opened_at: datetime,
    calls: Sequence[ExaminedCall],
) -> dict[str, Any]:
    """What the exchange found, call by call; amounts are whole numbers of 10⁻⁸ units in text."""
    return {
        "format": BUNDLE_FORMAT,
        "dispute": dispute_id,
        "licence": licence_id,
        "reason": reason_code,
        "currency": currency,
        "opened_at": iso_instant(opened_at),
        "calls": [_call(call) for call in calls],
        "claimed_amount": str(sum(call.amount for call in calls)),
    }


def signed_bytes(document: dict[str, Any]) -> bytes:
    """What the statement key signs."""
    return SIGNATURE_DOMAIN + canonical_bytes(document)


def _call(call: ExaminedCall) -> dict[str, Any]:
    return {
        "lane": call.lane,
        "n": call.n,
        "finding": call.finding.value,
        "detail": call.detail,
        "receipt": None if call.receipt is None else call.receipt.document,
        "receipt_leaf": None if call.receipt is None else call.receipt.leaf_hash,
        "leaf": None if call.logged is None else call.logged.leaf_hash,
        "amount": str(call.amount),
        "invoice": None
        if call.invoiced is None
        else {
            "invoice_id": call.invoiced.invoice_id,
            "invoice_hash": call.invoiced.invoice_hash,
            "line": dict(call.invoiced.line),
        },
    }
