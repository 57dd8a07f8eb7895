"""Reads of invoices."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.ids import InvoiceId, LicenceId, OrganisationId
from app.core.paging import Page, between, matching, of_party, paginate
from ledger.journal.billing.invoices.errors import InvoiceNotFound
from ledger.journal.billing.invoices.models import Invoice
from ledger.journal.trading.queries import of_listing


def get_invoice(
    session: Session, invoice_id: InvoiceId, organisation_id: OrganisationId | None
) -> Invoice:
    """The invoice, of one party or of any in reach; raises `InvoiceNotFound`."""
    found = session.get(Invoice, invoice_id)
    if found is None or organisation_id not in {None, found.buyer_id, found.supplier_id}:
        raise InvoiceNotFound(invoice_id)
    return found


def list_invoices(
    session: Session,
    organisation_id: OrganisationId | None,
    *,
    licence_id: LicenceId | None,
    listing_code: str | None = None,
    buyer_id: str | None = None,
    supplier_id: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Invoice]:
    """Invoices of a party, newest first; the period is that in which they were issued."""
    wanted = {
        Invoice.licence_id: licence_id,
        Invoice.buyer_id: buyer_id,
        Invoice.supplier_id: supplier_id,
    }
    statement = select(Invoice).where(
        *of_party(organisation_id, buyer=Invoice.buyer_id, supplier=Invoice.supplier_id),
        *matching(wanted),
        *of_listing(Invoice.licence_id, listing_code),
        *between(Invoice.issued_at, from_at, until_at),
    )
    return paginate(session, statement, key=Invoice.invoice_id, cursor=cursor, limit=limit)


def find_invoice(
    session: Session, licence_id: LicenceId, from_at: datetime, until_at: datetime
) -> Invoice | None:
    """The licence's invoice of exactly this period."""
    return session.scalar(
        select(Invoice).where(
            Invoice.licence_id == licence_id,
            Invoice.from_at == from_at,
            Invoice.until_at == until_at,
        )
    )


def list_licence_invoices(session: Session, licence_id: LicenceId, limit: int) -> list[Invoice]:
    """The licence's invoices, oldest first, at most ``limit``."""
    statement = select(Invoice).where(Invoice.licence_id == licence_id)
    return list(session.scalars(statement.order_by(Invoice.until_at).limit(limit)))


def find_last_invoice(session: Session, licence_id: LicenceId) -> Invoice | None:
    """The licence's invoice that reaches furthest."""
    statement = select(Invoice).where(Invoice.licence_id == licence_id)
    return session.scalar(statement.order_by(Invoice.until_at.desc()).limit(1))
