"""The invoice as a pure function of two leaves per lane and of booked charges.

The same input gives the same bytes, so that any invoice can be made again and compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.ids import InvoiceId, LicenceId
from app.core.money import MINOR, round_half_up_to_minor
from ledger.journal.books.splits import shares
from ledger.journal.evidence.leaves import LaneLeaf, LaneSpan, LedgerProofs

EVIDENCE_FORMAT = "counterfoil-invoice-evidence/1"
DOCUMENT_FORMAT = "counterfoil-invoice/2"
"""Told by the document since it names carried calls, tax and credits; the first had no name."""
SIGNATURE_DOMAIN = b"counterfoil/invoice/v1\x00"


@dataclass(frozen=True)
class Charge:
    """A booked charge besides the calls (below 0: given back), in 10⁻⁸ units.

    ``names`` says what it is for: the order, the period. ``tax_amount`` is the part of the amount
    that the books hold, or will hold once it is earned, on the tax account.
    """

    kind: str
    names: Mapping[str, str]
    amount: int
    tax_amount: int = 0


@dataclass(frozen=True)
class Credit:
    """Money given back by a credit note of its own; stated, and no part of the total."""

    credit_id: str
    amount: int


@dataclass(frozen=True)
class InvoiceFacts:
    """Everything that an invoice states; the period includes its start and excludes its end.

    ``split``: the agreement's basis points; without it the invoice states no tax. ``is_first``
    makes the document as it was before it had a format's name.
    """

    invoice_id: InvoiceId
    licence_id: LicenceId
    currency: str
    from_at: datetime
    until_at: datetime
    issued_at: datetime
    spans: Sequence[LaneSpan]
    charges: Sequence[Charge] = ()
    credits: Sequence[Credit] = ()
    split: Mapping[str, int] | None = None
    is_first: bool = False

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
        """What the invoice comes to in whole minor units; below 0 when more went back."""
        return self.charged_amount + sum(
            round_half_up_to_minor(charge.amount) for charge in self.charges
        )

    @property
    def rounding_amount(self) -> int:
        """What rounding added to the exact amounts; negative when it took."""
        exact = self.usage_amount + sum(charge.amount for charge in self.charges)
        return self.total_amount - exact

    @property
    def says_something(self) -> bool:
        """Whether there is anything to state: a call, free or not, a charge or a credit."""
        has_calls = any(span.closing.n > span.opening.n for span in self.spans)
        return has_calls or bool(self.charges) or bool(self.credits)


def invoice_document(facts: InvoiceFacts) -> dict[str, Any]:
    """The invoice as a JSON value; amounts are whole numbers of 10⁻⁸ units in text."""
    usage, charged = facts.usage_amount, facts.charged_amount
    document: dict[str, Any] = {
        "invoice_id": facts.invoice_id,
        "licence": facts.licence_id,
        "currency": facts.currency,
        "period": {"from": iso_instant(facts.from_at), "until": iso_instant(facts.until_at)},
        "lanes": [_lane_line(span, is_first=facts.is_first) for span in facts.spans],
        "lines": [_charge_line(charge) for charge in facts.charges],
        "units": sum(span.units for span in facts.spans),
        "usage_amount": str(usage),
        "charged_amount": str(charged),
        "rounding_amount": str(charged - usage),
        "total_amount": str(facts.total_amount),
        "issued_at": iso_instant(facts.issued_at),
    }
    if facts.is_first:
        return document
    document["format"] = DOCUMENT_FORMAT
    if facts.credits:
        document["credits"] = [
            {"credit": credit.credit_id, "amount": str(credit.amount)} for credit in facts.credits
        ]
    if facts.split is not None:
        document["tax"] = tax_statement(facts, facts.split)
    return document


def tax_statement(facts: InvoiceFacts, split: Mapping[str, int]) -> dict[str, Any]:
    """The tax inside the total: exact as posted per line, and rounded so that the parts sum."""
    exact = [usage_tax(facts.spans, split), *(charge.tax_amount for charge in facts.charges)]
    return {
        "is_included": True,
        "share_bp": split["tax"],
        "amount": str(sum(exact)),
        "rounded_amount": str(round_half_up_to_minor(sum(exact))),
        "parts": [
            {"amount": str(amount), "rounded_amount": str(rounded)}
            for amount, rounded in zip(exact, rounded_parts(exact), strict=True)
        ],
    }


def usage_tax(spans: Sequence[LaneSpan], split: Mapping[str, int]) -> int:
    """The tax that the books hold for these calls: parts follow each lane's running total."""
    return sum(
        shares(span.closing.total_amount, split)["tax"]
        - shares(span.opening.total_amount, split)["tax"]
        for span in spans
    )


def rounded_parts(parts: Sequence[int]) -> list[int]:
    """Whole minor units whose sum is the rounded sum of the parts, by largest remainder.

    Ties go to the earlier part.
    """
    floors = [part // MINOR * MINOR for part in parts]
    left = (round_half_up_to_minor(sum(parts)) - sum(floors)) // MINOR
    # A half-up sum never needs more units than there are remainders, nor fewer than none.
    by_remainder = sorted(range(len(parts)), key=lambda place: floors[place] - parts[place])
    for place in by_remainder[:left]:
        floors[place] += MINOR
    return floors


def signed_bytes(document: Mapping[str, Any]) -> bytes:
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
                "opening": proofs.leaves[item["opening"]["leaf_hash"]].document,
                "closing": proofs.leaves[item["closing"]["leaf_hash"]].document,
            }
            for item in leaves
        ],
        "lane_count": len(leaves),
        **proofs.heads,
    }


def _lane_line(span: LaneSpan, *, is_first: bool) -> dict[str, Any]:
    line: dict[str, Any] = {
        "lane": span.lane,
        "opening_n": span.opening.n,
        "closing_n": span.closing.n,
        "units": span.units,
        "amount": str(span.amount),
    }
    if span.carried_calls and not is_first:
        line["carried"] = span.carried_calls
    return line


def _charge_line(charge: Charge) -> dict[str, Any]:
    return {"kind": charge.kind, **charge.names, "amount": str(charge.amount)}


def _leaf_reference(leaf: LaneLeaf) -> dict[str, Any]:
    return {"n": leaf.n, "leaf_hash": leaf.leaf_hash}
