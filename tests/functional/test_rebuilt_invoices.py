"""An invoice that was altered is found out, whichever part of it a hand changed."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger.journal.billing.invoices import evidence_services as invoice_evidence_services
from ledger.journal.billing.invoices import services as invoice_services
from ledger.journal.billing.invoices.errors import InvoiceDiffers
from ledger.journal.billing.invoices.models import Invoice
from tests.factories.billing import LoggedLane, open_licence, statement_ports

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
LICENCE = "lic_1"
FREE = 6


@pytest.fixture
def invoice(units, clock, in_unit):
    """An invoice of eight calls, the sixth of them free."""
    open_licence(
        units,
        buyer="org_buyer",
        supplier="org_supplier",
        licence_id=LICENCE,
        order_id="ord_1",
        starts_at=START,
        ends_at=START + timedelta(days=365),
    )
    lane = LoggedLane(units, clock, LICENCE)
    for n in range(1, 9):
        lane.call(**({"amount": 0, "units": 0} if n == FREE else {}))
    clock.advance(seconds=1)
    return in_unit(
        lambda uow: invoice_services.issue_invoice(
            uow, statement_ports(), licence_id=LICENCE, from_at=START, until_at=clock.now()
        )
    )


@pytest.fixture
def rebuild(in_unit, invoice):
    def run(**altered):
        def step(uow):
            stored = uow.session.get(Invoice, invoice.invoice_id)
            uow.session.expunge(stored)  # the database would not take it
            for name, value in altered.items():
                setattr(stored, name, value)
            return invoice_evidence_services.rebuild_invoice(uow.session, statement_ports(), stored)

        return in_unit(step)

    return run


def test_an_invoice_that_nobody_altered_is_made_again(invoice, rebuild):
    assert rebuild() == invoice.document


def test_an_altered_document_hash_or_signature_is_named(invoice, rebuild):
    with pytest.raises(InvoiceDiffers, match="other bytes"):
        rebuild(document={**invoice.document, "usage_amount": "1"})
    with pytest.raises(InvoiceDiffers, match="other bytes"):
        rebuild(invoice_hash="a" * 64)
    with pytest.raises(InvoiceDiffers, match="signature"):
        rebuild(signature=invoice.signature[::-1])


@pytest.mark.parametrize("end", ["opening", "closing"])
def test_a_leaf_that_is_not_the_log_s_is_named(invoice, rebuild, end):
    (leaf,) = invoice.lane_leaves
    with pytest.raises(InvoiceDiffers, match="other leaves"):
        rebuild(lane_leaves=[{**leaf, end: {**leaf[end], "leaf_hash": "a" * 64}}])


@pytest.mark.parametrize(
    ("n", "why"),
    [(0, "no leaf 0"), (1, "no leaf 1"), (FREE, "do not add up"), (8, "no leaf 8")],
)
def test_a_leaf_that_is_missing_is_named(rebuild, plant, n, why):
    plant(f"DELETE FROM log_entries WHERE n = {n}")  # noqa: S608 -- a number of ours
    with pytest.raises(InvoiceDiffers, match=why):
        rebuild()
