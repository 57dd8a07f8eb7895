"""Verbs on invoices: issue one from the lanes' leaves, and gather its evidence."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.canonical import digest_hex
from app.core.ids import InvoiceId, LicenceId
from app.core.unit_of_work import UnitOfWork
from ledger.journal import postings, queries
from ledger.journal.booking import book
from ledger.journal.errors import InvoiceNotYetPublished, InvoicePeriodOverlaps, PeriodUnfit
from ledger.journal.events import InvoiceIssued
from ledger.journal.invoicing import (
    InvoiceFacts,
    Package,
    evidence_document,
    invoice_document,
    lane_leaves,
    signed_bytes,
)
from ledger.journal.models import Invoice, LicenceParties
from ledger.journal.ports import JournalPorts, LaneLedger


def issue_invoice(
    uow: UnitOfWork,
    ports: JournalPorts,
    *,
    licence_id: LicenceId,
    from_at: datetime,
    until_at: datetime,
) -> Invoice:
    """The invoice of a licence's period; asked again for the same period, the same invoice.

    Periods of a licence follow each other without overlap. Needs the exchange's reach; the caller
    has made sure that the asker is a party. Raises `PeriodUnfit`, `InvoicePeriodOverlaps`.
    """
    if not from_at < until_at <= uow.now:
        raise PeriodUnfit(from_at, until_at, uow.now)
    # Locked: of two simultaneous requests for one licence the second finds the first's invoice.
    parties = queries.get_licence_parties_for_update(uow.session, licence_id)
    existing = queries.find_invoice(uow.session, licence_id, from_at, until_at)
    if existing is not None:
        return existing
    last = queries.find_last_invoice(uow.session, licence_id)
    if last is not None and from_at < last.until_at:
        raise InvoicePeriodOverlaps(licence_id, invoiced_until=last.until_at)
    facts = InvoiceFacts(
        invoice_id=InvoiceId(uow.ids.new("inv")),
        licence_id=licence_id,
        currency=parties.currency,
        from_at=from_at,
        until_at=until_at,
        issued_at=uow.now,
        spans=ports.lane_ledger.lanes(
            uow.session,
            licence_id,
            from_at=from_at,
            until_at=until_at,
            opening_counts=_opening_counts(last, from_at),
        ),
        packages=_packages(uow.session, parties, from_at, until_at),
    )
    return _store(uow, ports, parties, facts)


def invoice_evidence(session: Session, lane_ledger: LaneLedger, invoice: Invoice) -> dict[str, Any]:
    """The invoice, its leaves and their proofs under one checkpoint.

    Raises `InvoiceNotYetPublished`.
    """
    hashes = [
        leaf[end]["leaf_hash"] for leaf in invoice.lane_leaves for end in ("opening", "closing")
    ]
    proofs = lane_ledger.prove(session, hashes)
    if proofs is None:
        raise InvoiceNotYetPublished(invoice.invoice_id)
    return evidence_document(
        document=invoice.document,
        signature=invoice.signature_text,
        key_name=invoice.key_name,
        leaves=invoice.lane_leaves,
        proofs=proofs,
    )


class InvoiceEvidenceSource:
    """A licence's published invoices, for whoever bundles its evidence."""

    def __init__(self, lane_ledger: LaneLedger) -> None:
        self._lane_ledger = lane_ledger

    def invoices(self, session: Session, licence_id: str, limit: int) -> Iterable[dict[str, Any]]:
        """Evidence of invoices whose leaves are published, oldest first, at most ``limit``."""
        for invoice in queries.list_licence_invoices(session, LicenceId(licence_id), limit):
            try:
                yield invoice_evidence(session, self._lane_ledger, invoice)
            except InvoiceNotYetPublished:
                return  # later invoices close later leaves


def _opening_counts(last: Invoice | None, from_at: datetime) -> Mapping[int, int] | None:
    """Where adjoining periods meet, the first one's closing leaves decide.

    A call that was still being committed when the first invoice was issued is older than its
    ``until`` but not on it; it belongs to the next.
    """
    if last is None or last.until_at != from_at:
        return None
    return {leaf["lane"]: leaf["closing"]["n"] for leaf in last.lane_leaves}


def _packages(
    session: Session, parties: LicenceParties, from_at: datetime, until_at: datetime
) -> list[Package]:
    charge = queries.find_order_charge(session, parties.order_id, parties.buyer_id)
    if charge is None or not from_at <= charge.transaction.occurred_at < until_at:
        return []
    return [Package(parties.order_id, -charge.amount)]


def _store(
    uow: UnitOfWork, ports: JournalPorts, parties: LicenceParties, facts: InvoiceFacts
) -> Invoice:
    document = invoice_document(facts)
    invoice = Invoice(
        invoice_id=facts.invoice_id,
        licence_id=facts.licence_id,
        buyer_id=parties.buyer_id,
        supplier_id=parties.supplier_id,
        from_at=facts.from_at,
        until_at=facts.until_at,
        total_amount=facts.total_amount,
        currency=facts.currency,
        document=document,
        invoice_hash=digest_hex(document),
        lane_leaves=lane_leaves(facts.spans),
        key_name=ports.statement_signer.name,
        signature=ports.statement_signer.sign(signed_bytes(document)),
        issued_at=facts.issued_at,
    )
    uow.session.add(invoice)
    _book_rounding(uow, parties, facts)
    uow.record(
        InvoiceIssued(
            occurred_at=uow.now,
            invoice_id=invoice.invoice_id,
            licence_id=invoice.licence_id,
            invoice_hash=invoice.invoice_hash,
            total_amount=invoice.total_amount,
            currency=invoice.currency,
            buyer_id=invoice.buyer_id,
            supplier_id=invoice.supplier_id,
        )
    )
    return invoice


def _book_rounding(uow: UnitOfWork, parties: LicenceParties, facts: InvoiceFacts) -> None:
    if facts.rounding_amount == 0:
        return
    draft = postings.invoice_rounding(
        invoice_id=facts.invoice_id,
        buyer_id=parties.buyer_id,
        rounding=facts.rounding_amount,
        currency=facts.currency,
    )
    book(
        uow.session,
        draft,
        occurred_at=uow.now,
        booked_at=uow.now,
        licence_id=facts.licence_id,
    )
