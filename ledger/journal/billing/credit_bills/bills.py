"""Bills of credit lines as pure functions: what is due, who is paid first, the document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.money import MINOR

FORMAT = "counterfoil-credit-bill/1"
SIGNATURE_DOMAIN = b"counterfoil/credit-bill/v1\x00"


def due_amount(balance: int, open_bills: int) -> int:
    """What a month leaves to pay, in whole minor units rounded up; 0 when earlier bills cover it.

    Rounded up, because a bank transfers whole minor units; the part of one that is too much stays
    in the wallet, where it is the buyer's.
    """
    debt = -balance - open_bills
    return max(-(-debt // MINOR) * MINOR, 0)


def match_payment(amount: int, open_amounts: Sequence[int]) -> list[int]:
    """How much of a payment goes to each bill, oldest first; the rest stays in the wallet."""
    parts = []
    for open_amount in open_amounts:
        part = min(amount, open_amount)
        parts.append(part)
        amount -= part
    return parts


@dataclass(frozen=True)
class BillFacts:
    """Everything that a bill states; ``invoices`` are those issued in the month, by id."""

    bill_id: str
    organisation_id: str
    currency: str
    month: str
    from_at: datetime
    until_at: datetime
    issued_at: datetime
    due_at: datetime
    amount: int
    balance_amount: int
    open_before_amount: int
    invoices: Sequence[Mapping[str, str]]


def bill_document(facts: BillFacts) -> dict[str, Any]:
    """The bill as a JSON value; amounts are whole numbers of 10⁻⁸ units in text."""
    return {
        "format": FORMAT,
        "bill_id": facts.bill_id,
        "organisation": facts.organisation_id,
        "currency": facts.currency,
        "month": facts.month,
        "period": {"from": iso_instant(facts.from_at), "until": iso_instant(facts.until_at)},
        "invoices": [dict(invoice) for invoice in facts.invoices],
        "balance_amount": str(facts.balance_amount),
        "open_before_amount": str(facts.open_before_amount),
        "total_amount": str(facts.amount),
        "due_at": iso_instant(facts.due_at),
        "issued_at": iso_instant(facts.issued_at),
    }


def signed_bytes(document: Mapping[str, Any]) -> bytes:
    """What the statement key signs."""
    return SIGNATURE_DOMAIN + canonical_bytes(document)
