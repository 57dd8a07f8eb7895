"""Verbs on invoices: issue one from leaves and charges."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from app.core.canonical import digest_hex
from app.core.ids import InvoiceId, LicenceId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.invoices import charges, queries
from ledger.journal.billing.invoices.documents import (
    InvoiceFacts,
    invoice_document,
    lane_leaves,
    signed_bytes,
)
from ledger.journal.billing.invoices.errors import InvoicePeriodOverlaps
from ledger.journal.billing.invoices.events import InvoiceIssued
from ledger.journal.billing.invoices.models import Invoice, InvoiceLine
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.books import postings
from ledger.journal.books.booking import book_now
from ledger.journal.books.errors import PeriodUnfit
from ledger.journal.trading import queries as trading_queries
from ledger.journal.trading.models import LicenceParties


def issue_invoice(
    uow: UnitOfWork,
    ports: BillingPorts,
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
    parties = trading_queries.get_licence_parties_for_update(uow.session, licence_id)
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
    ports: BillingPorts,
    *,
    licence_id: LicenceId,
    from_at: datetime,
    until_at: datetime,
) -> Invoice | None:
    """The invoice of what the period has left to state, starting where the last invoice ended.

    None when an invoice covers the period already, or when there is nothing to state.
    """
    parties = trading_queries.get_licence_parties_for_update(uow.session, licence_id)
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


def _next_facts(
    uow: UnitOfWork,
    ports: BillingPorts,
    parties: LicenceParties,
    *,
    last: Invoice | None,
    period: tuple[datetime, datetime],
) -> tuple[InvoiceFacts, list[int]]:
    from_at, until_at = period
    stated = charges.unbilled(uow.session, parties, until_at)
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


def _store(
    uow: UnitOfWork,
    ports: BillingPorts,
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
    book_now(uow, draft, licence_id=facts.licence_id)
