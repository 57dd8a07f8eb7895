"""Verbs on invoices: issue one from leaves and charges, make it again, gather its evidence."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.canonical import digest_hex
from app.core.ids import InvoiceId, LicenceId
from app.core.unit_of_work import UnitOfWork
from ledger.journal import postings, queries
from ledger.journal.billing import invoice_charges
from ledger.journal.billing.errors import InvoiceDiffers
from ledger.journal.billing.invoicing import (
    DOCUMENT_FORMAT,
    InvoiceFacts,
    evidence_document,
    invoice_document,
    lane_leaves,
    signed_bytes,
)
from ledger.journal.billing.models import InvoiceLine
from ledger.journal.booking import book
from ledger.journal.errors import InvoiceNotYetPublished, InvoicePeriodOverlaps, PeriodUnfit
from ledger.journal.events import InvoiceIssued
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

    Periods of a licence follow each other without overlap; what an earlier one could not state,
    because it was committed late or lay in no invoice's period, is on the next. Needs the
    exchange's reach; the caller has made sure that the asker is a party. Raises `PeriodUnfit`,
    `InvoicePeriodOverlaps`.
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
    facts, transaction_ids = _next_facts(uow, ports, parties, last=last, period=(from_at, until_at))
    return _store(uow, ports, parties, facts, transaction_ids=transaction_ids)


def issue_due_invoice(
    uow: UnitOfWork,
    ports: JournalPorts,
    *,
    licence_id: LicenceId,
    from_at: datetime,
    until_at: datetime,
) -> Invoice | None:
    """The invoice of what the period has left to state, starting where the last invoice ended.

    None when an invoice covers the period already, or when there is nothing to state.
    """
    parties = queries.get_licence_parties_for_update(uow.session, licence_id)
    last = queries.find_last_invoice(uow.session, licence_id)
    starts_at = from_at if last is None else max(from_at, last.until_at)
    if starts_at >= until_at:
        return None
    facts, transaction_ids = _next_facts(
        uow, ports, parties, last=last, period=(starts_at, until_at)
    )
    if not facts.says_something:
        return None
    return _store(uow, ports, parties, facts, transaction_ids=transaction_ids)


def rebuild_invoice(session: Session, ports: JournalPorts, invoice: Invoice) -> dict[str, Any]:
    """The invoice's document made again: leaves by their numbers, charges from the books.

    Every call between a lane's two leaves is added up anew, so that a running total that lies is
    found as well. Raises `InvoiceDiffers` unless document, leaves and signature are byte for byte
    what was issued. Needs the exchange's reach.
    """
    parties = queries.get_licence_parties(session, invoice.licence_id, None)
    ends = {
        leaf["lane"]: (leaf["opening"]["n"], leaf["closing"]["n"]) for leaf in invoice.lane_leaves
    }
    spans = ports.lane_ledger.spans_between(
        session, invoice.licence_id, ends, from_at=invoice.from_at
    )
    stated = invoice_charges.billed(session, parties, invoice.invoice_id)
    facts = InvoiceFacts(
        invoice_id=invoice.invoice_id,
        licence_id=invoice.licence_id,
        currency=invoice.currency,
        from_at=invoice.from_at,
        until_at=invoice.until_at,
        issued_at=invoice.issued_at,
        spans=spans,
        charges=stated.charges,
        credits=stated.credits,
        split=parties.split if "tax" in invoice.document else None,
        is_first=invoice.document.get("format") != DOCUMENT_FORMAT,
    )
    document = invoice_document(facts)
    why = _difference(session, ports, invoice, facts=facts, document=document)
    if why:
        raise InvoiceDiffers(
            invoice.invoice_id,
            stored_hash=invoice.invoice_hash,
            rebuilt_hash=digest_hex(document),
            why=why,
        )
    return document


def invoice_evidence(session: Session, lane_ledger: LaneLedger, invoice: Invoice) -> dict[str, Any]:
    """The invoice, its leaves and their proofs under one checkpoint.

    Raises `InvoiceNotYetPublished`.
    """
    hashes = [
        leaf[end]["leaf_hash"] for leaf in invoice.lane_leaves for end in ("opening", "closing")
    ]
    proofs = lane_ledger.prove(session, hashes, key_name=invoice.key_name)
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


def _next_facts(
    uow: UnitOfWork,
    ports: JournalPorts,
    parties: LicenceParties,
    *,
    last: Invoice | None,
    period: tuple[datetime, datetime],
) -> tuple[InvoiceFacts, list[int]]:
    from_at, until_at = period
    stated = invoice_charges.unbilled(uow.session, parties, until_at)
    spans = ports.lane_ledger.lanes(
        uow.session,
        parties.licence_id,
        from_at=from_at,
        until_at=until_at,
        opening_counts=_opening_counts(last),
    )
    facts = InvoiceFacts(
        invoice_id=InvoiceId(uow.ids.new("inv")),
        licence_id=parties.licence_id,
        currency=parties.currency,
        from_at=from_at,
        until_at=until_at,
        issued_at=uow.now,
        spans=spans,
        charges=stated.charges,
        credits=stated.credits,
        split=parties.split,
    )
    return facts, list(stated.transaction_ids)


def _opening_counts(last: Invoice | None) -> Mapping[int, int]:
    """An invoice opens where the one before it closed, lane by lane; the first at the opening.

    A call that was still being committed when an invoice was issued is older than its ``until``
    but not on it; it belongs to the next, also when its lane falls silent.
    """
    if last is None:
        return {}
    return {leaf["lane"]: leaf["closing"]["n"] for leaf in last.lane_leaves}


def _difference(
    session: Session,
    ports: JournalPorts,
    invoice: Invoice,
    *,
    facts: InvoiceFacts,
    document: dict[str, Any],
) -> str:
    """Where the rebuilt invoice and the issued one part; empty when they do not."""
    for span in facts.spans:
        ends = (span.opening.n, span.closing.n)
        count = ports.lane_ledger.recount(session, invoice.licence_id, span.lane, ends)
        if (count.calls, count.units, count.amount) != (
            span.closing.n - span.opening.n,
            span.units,
            span.amount,
        ):
            return f"the calls of lane {span.lane} do not add up to its running totals"
    if lane_leaves(facts.spans) != invoice.lane_leaves:
        return "the log has other leaves"
    if digest_hex(document) != invoice.invoice_hash or document != invoice.document:
        return "the document has other bytes"
    signer = ports.statement_signer
    is_ours = signer.name == invoice.key_name
    if is_ours and signer.sign(signed_bytes(document)) != invoice.signature:
        return "the signature is over other bytes, or of another key"
    return ""


def _store(
    uow: UnitOfWork,
    ports: JournalPorts,
    parties: LicenceParties,
    facts: InvoiceFacts,
    *,
    transaction_ids: Iterable[int],
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
    uow.session.add_all(
        InvoiceLine(
            transaction_id=transaction_id,
            invoice_id=invoice.invoice_id,
            buyer_id=parties.buyer_id,
            supplier_id=parties.supplier_id,
        )
        for transaction_id in transaction_ids
    )
    _book_rounding(uow, parties, facts)
    _record_issue(uow, invoice)
    return invoice


def _record_issue(uow: UnitOfWork, invoice: Invoice) -> None:
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
