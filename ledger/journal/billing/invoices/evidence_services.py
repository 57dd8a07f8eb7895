"""Verbs on issued invoices: make one again and compare, gather its evidence."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from app.core.canonical import digest_hex
from app.core.ids import LicenceId
from ledger.journal.billing.invoices import charges, queries
from ledger.journal.billing.invoices.documents import (
    DOCUMENT_FORMAT,
    InvoiceFacts,
    evidence_document,
    invoice_document,
    lane_leaves,
    signed_bytes,
)
from ledger.journal.billing.invoices.errors import InvoiceDiffers, InvoiceNotYetPublished
from ledger.journal.billing.invoices.models import Invoice
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.evidence.leaves import LaneSpan, LeafMissing
from ledger.journal.evidence.ports import LaneLedger
from ledger.journal.trading import queries as trading_queries


def rebuild_invoice(session: Session, ports: BillingPorts, invoice: Invoice) -> dict[str, Any]:
    """The invoice's document made again: leaves by their numbers, charges from the books.

    Every call between a lane's two leaves is added up anew, so that a running total that lies is
    found as well. Raises `InvoiceDiffers` unless document, leaves and signature are byte for byte
    what was issued. Needs the exchange's reach.
    """
    parties = trading_queries.get_licence_parties(session, invoice.licence_id, None)
    spans = _spans(session, ports, invoice)
    stated = charges.billed(session, parties, invoice.invoice_id)
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


def _spans(session: Session, ports: BillingPorts, invoice: Invoice) -> list[LaneSpan]:
    ends = {
        leaf["lane"]: (leaf["opening"]["n"], leaf["closing"]["n"]) for leaf in invoice.lane_leaves
    }
    try:
        return ports.lane_ledger.spans_between(
            session, invoice.licence_id, ends, from_at=invoice.from_at
        )
    except LeafMissing as missing:
        raise InvoiceDiffers(
            invoice.invoice_id, stored_hash=invoice.invoice_hash, rebuilt_hash="", why=str(missing)
        ) from missing


def _difference(
    session: Session,
    ports: BillingPorts,
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
