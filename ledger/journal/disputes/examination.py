"""What the log and the invoices say of a disputed call. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ledger.journal.disputes.receipts import Receipt, is_signed
from ledger.journal.evidence.leaves import LoggedCall, call_reference


class Finding(StrEnum):
    """What the log says of a disputed call."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class InvoicedLine:
    """The invoice's line that covers a call."""

    invoice_id: str
    invoice_hash: str
    line: Mapping[str, Any]


@dataclass(frozen=True)
class ExaminedCall:
    """A disputed call with everything that was found about it; amounts in 10⁻⁸ units."""

    lane: int
    n: int
    finding: Finding
    detail: str
    receipt: Receipt | None
    logged: LoggedCall | None
    invoiced: InvoicedLine | None

    @property
    def reference(self) -> str:
        """The call's name within its licence."""
        return call_reference(self.lane, self.n)

    @property
    def amount(self) -> int:
        """What could be credited: nothing that the log does not show."""
        is_shown = self.finding is Finding.MATCHES and self.logged is not None
        return self.logged.amount if is_shown and self.logged else 0


def find_out(
    receipt: Receipt | None, logged: LoggedCall | None, *, public_keys: Collection[bytes]
) -> tuple[Finding, str]:
    """What the log says of a claim, and why.

    A signed receipt without its leaf in the log is evidence against the exchange, so the two are
    told apart.
    """
    if receipt is None:
        known = logged is not None
        return (Finding.MATCHES, "as_logged") if known else (Finding.UNKNOWN, "no_such_call")
    if logged is not None and logged.leaf_hash == receipt.leaf_hash:
        return Finding.MATCHES, "same_leaf"
    signed = "signed" if any(is_signed(receipt, key) for key in public_keys) else "not_signed"
    if logged is not None:
        return Finding.DIFFERS, f"another_leaf_{signed}"
    return Finding.UNKNOWN, f"no_such_call_{signed}"


def covering_line(
    invoices: Sequence[tuple[str, str, Mapping[str, Any]]], lane: int, n: int
) -> InvoicedLine | None:
    """The invoice (id, hash, document) whose line of the lane covers the call."""
    for invoice_id, invoice_hash, document in invoices:
        for line in document["lanes"]:
            if line["lane"] == lane and line["opening_n"] < n <= line["closing_n"]:
                return InvoicedLine(invoice_id, invoice_hash, line)
    return None
