"""Invoices of one licence that follow one another: no call twice, none between two periods."""

from collections.abc import Iterable
from itertools import pairwise

from counterfoil_verify.errors import require
from counterfoil_verify.money.invoices import Invoice

STEP = "invoices"


def check_succession(invoices: Iterable[Invoice]) -> None:
    """Reject where a call or a time is billed twice, or a call left out between two periods."""
    ordered = sorted(invoices, key=lambda invoice: (invoice.licence, invoice.starts_at))
    for earlier, later in pairwise(ordered):
        if earlier.licence == later.licence:
            _check_pair(earlier, later)


def _check_pair(earlier: Invoice, later: Invoice) -> None:
    closing = {line.lane: line.closing_n for line in earlier.lines}
    adjoins = earlier.ends_at == later.starts_at
    for line in later.lines:
        due = closing.pop(line.lane, 0)
        faults = line.opening_n != due if adjoins else line.opening_n < due
        require(not faults, STEP, f"lane {line.lane}: {later.invoice_id} does not follow on")
    require(not closing, STEP, f"{later.invoice_id} drops a lane")
    is_apart = earlier.ends_at <= later.starts_at
    again = f"{later.invoice_id} is of a time that {earlier.invoice_id} has stated"
    require(is_apart, STEP, again)
