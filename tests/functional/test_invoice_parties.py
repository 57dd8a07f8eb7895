"""Whose an invoice is, and what it comes to: in its event, and in the rows of what it charges."""

from datetime import timedelta

from sqlalchemy import select

from app.core.money import SCALE
from app.core.reach import Reach
from ledger.journal.billing.invoices import services as invoice_services
from ledger.journal.billing.invoices.events import InvoiceIssued
from ledger.journal.billing.invoices.models import InvoiceLine
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from tests.factories.traded_books import BUYER, SUPPLIER, TradedLicence, log_keys


def test_it_is_told_and_kept_under_its_own_parties(units, clock, in_unit):
    licence = TradedLicence(units, clock)
    licence.order(10 * SCALE)
    licence.lane.call(3 * SCALE)
    began = clock.now()
    clock.advance(seconds=1)
    ports = BillingPorts(LogLaneLedger(), log_keys().statements)
    invoice = in_unit(
        lambda uow: invoice_services.issue_invoice(
            uow,
            ports,
            licence_id=licence.licence_id,
            from_at=began - timedelta(seconds=1),
            until_at=clock.now(),
        )
    )
    (told,) = (event for event in units.events if isinstance(event, InvoiceIssued))
    assert told == InvoiceIssued(
        occurred_at=clock.now(),
        invoice_id=invoice.invoice_id,
        licence_id=licence.licence_id,
        invoice_hash=invoice.invoice_hash,
        total_amount=13 * SCALE,
        currency="CNY",
        buyer_id=BUYER,
        supplier_id=SUPPLIER,
    )
    with units.begin(Reach.EXCHANGE) as uow:
        (line,) = uow.session.scalars(select(InvoiceLine))
    assert (line.invoice_id, line.buyer_id, line.supplier_id) == (
        invoice.invoice_id,
        BUYER,
        SUPPLIER,
    )
