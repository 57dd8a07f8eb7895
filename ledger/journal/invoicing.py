"""The invoice as a pure function of two leaves per lane: the same input, the same bytes."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.ids import InvoiceId, LicenceId, OrderId
from app.core.money import round_half_up_to_minor
from ledger.journal.ports import LaneLeaf, LaneSpan, LedgerProofs

EVIDENCE_FORMAT = "counterfoil-invoice-evidence/1"
SIGNATURE_DOMAIN = b"counterfoil/invoice/v1\x00"


@dataclass(frozen=True)
class Package:
    """A package's price that was charged in the period, in 10⁻⁸ units."""

    order_id: OrderId
    amount: int


@dataclass(frozen=True)
class InvoiceFacts:
    """Everything that an invoice states; the period includes its start and excludes its end."""

    invoice_id: InvoiceId
    licence_id: LicenceId
    currency: str
    from_at: datetime
    until_at: datetime
    issued_at: datetime
    spans: Sequence[LaneSpan]
    packages: Sequence[Package]

    @property
    def usage_amount(self) -> int:
        """The metered calls' exact amount."""
        return sum(span.amount for span in self.spans)

    @property
    def charged_amount(self) -> int:
        """The metered calls' amount, rounded half-up to the minor unit: it leaves here."""
        return round_half_up_to_minor(self.usage_amount)

    @property
    def total_amount(self) -> int:
        """What the invoice comes to, packages included, in whole minor units."""
        return self.charged_amount + sum(
            round_half_up_to_minor(package.amount) for package in self.packages
        )

    @property
    def rounding_amount(self) -> int:
        """What rounding added to the exact amounts; negative when it took."""
        exact = self.usage_amount + sum(package.amount for package in self.packages)
        return self.total_amount - exact


def invoice_document(facts: InvoiceFacts) -> dict[str, Any]:
    """The invoice as a JSON value; amounts are whole numbers of 10⁻⁸ units in text."""
    usage, charged = facts.usage_amount, facts.charged_amount
    return {
        "invoice_id": facts.invoice_id,
        "licence": facts.licence_id,
        "currency": facts.currency,
        "period": {"from": iso_instant(facts.from_at), "until": iso_instant(facts.until_at)},
        "lanes": [_lane_line(span) for span in facts.spans],
        "lines": [_package_line(package) for package in facts.packages],
        "units": sum(span.units for span in facts.spans),
        "usage_amount": str(usage),
        "charged_amount": str(charged),
        "rounding_amount": str(charged - usage),
        "total_amount": str(facts.total_amount),
        "issued_at": iso_instant(facts.issued_at),
    }


def signed_bytes(document: dict[str, Any]) -> bytes:
    """What the statement key signs."""
    return SIGNATURE_DOMAIN + canonical_bytes(document)


def lane_leaves(spans: Sequence[LaneSpan]) -> list[dict[str, Any]]:
    """Which leaves prove an invoice, to be kept with it."""
    return [
        {
            "lane": span.lane,
            "opening": _leaf_reference(span.opening),
            "closing": _leaf_reference(span.closing),
        }
        for span in spans
    ]


def evidence_document(
    *,
    document: dict[str, Any],
    signature: str,
    key_name: str,
    leaves: Sequence[dict[str, Any]],
    proofs: LedgerProofs,
) -> dict[str, Any]:
    """The invoice with everything needed to check it offline; constant in the number of calls."""
    return {
        "format": EVIDENCE_FORMAT,
        "invoice": document,
        "signature": signature,
        "key": key_name,
        "lanes": [
            {
                "lane": item["lane"],
                "opening": _proof(proofs, item["opening"]["leaf_hash"]),
                "closing": _proof(proofs, item["closing"]["leaf_hash"]),
            }
            for item in leaves
        ],
        "lane_count": len(leaves),
        "checkpoint": proofs.checkpoint,
    }


def _lane_line(span: LaneSpan) -> dict[str, Any]:
    return {
        "lane": span.lane,
        "opening_n": span.opening.n,
        "closing_n": span.closing.n,
        "units": span.units,
        "amount": str(span.amount),
    }


def _package_line(package: Package) -> dict[str, Any]:
    return {"kind": "package", "order_id": package.order_id, "amount": str(package.amount)}


def _leaf_reference(leaf: LaneLeaf) -> dict[str, Any]:
    return {"n": leaf.n, "leaf_hash": leaf.leaf_hash}


def _proof(proofs: LedgerProofs, leaf_hash: str) -> dict[str, Any]:
    leaf = proofs.leaves[leaf_hash]
    return {
        "entry": _base64(leaf.entry),
        "index": leaf.index,
        "path": [_base64(node) for node in leaf.path],
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
