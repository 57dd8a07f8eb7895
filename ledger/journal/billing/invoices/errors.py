"""Refusals of invoices, each named as the fact that it states."""

from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind


class InvoiceNotFound(CounterfoilError):
    """No such invoice in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "invoice-not-found"
    title = "There is no such invoice"

    def __init__(self, invoice_id: str) -> None:
        super().__init__(f"No invoice {invoice_id} within your reach.", invoice_id=invoice_id)


class InvoicePeriodOverlaps(CounterfoilError):
    """The licence already has an invoice that covers part of the period or a later one."""

    kind = ErrorKind.CONFLICT
    slug = "invoice-period-overlaps"
    title = "Part of the period is already invoiced"

    def __init__(self, licence_id: str, *, invoiced_until: datetime) -> None:
        super().__init__(
            f"The licence is invoiced until {iso_instant(invoiced_until)};"
            " the next period starts then or later.",
            licence_id=licence_id,
            invoiced_until=iso_instant(invoiced_until),
        )


class InvoiceNotYetPublished(CounterfoilError):
    """A leaf of the invoice is not yet under a signed checkpoint."""

    kind = ErrorKind.CONFLICT
    slug = "invoice-not-yet-published"
    title = "The log has not yet published this"

    def __init__(self, invoice_id: str) -> None:
        super().__init__(
            "A leaf of the invoice is not yet under a signed checkpoint; ask again shortly.",
            retry_after_seconds=2,
            invoice_id=invoice_id,
        )


class InvoiceDiffers(CounterfoilError):
    """What was rebuilt from leaves and books is not the invoice that was signed."""

    kind = ErrorKind.CONFLICT
    slug = "invoice-differs"
    title = "The rebuilt invoice differs"

    def __init__(self, invoice_id: str, *, stored_hash: str, rebuilt_hash: str, why: str) -> None:
        super().__init__(
            f"The rebuilt invoice is not the one that was signed: {why}.",
            invoice_id=invoice_id,
            stored_hash=stored_hash,
            rebuilt_hash=rebuilt_hash,
        )
