"""What has happened to invoices."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import InvoiceId, LicenceId, OrganisationId


@dataclass(frozen=True, kw_only=True)
class InvoiceIssued(Event):
    """An invoice was fixed; ``invoice_hash`` is the digest of its canonical document."""

    invoice_id: InvoiceId
    licence_id: LicenceId
    invoice_hash: str
    total_amount: int
    currency: str
    buyer_id: OrganisationId
    supplier_id: OrganisationId
