"""A package on invoices: its price, what was reversed, and a year's rest that went back."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from ledger.journal.billing.invoices import evidence_services
from ledger.journal.billing.invoices import services as invoice_services
from ledger.journal.books.models import PostedLine
from ledger.journal.books.splits import shares
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import services as wallet_services
from tests.factories.billing import SPLIT, open_licence, statement_ports

BUYER, SUPPLIER, LICENCE, ORDER = "org_buyer", "org_supplier", "lic_1", "ord_1"
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
YEAR = timedelta(days=365)
PRICE = 100_000_000_002
"""The tax of what is kept is another than the price's less that of what goes back, alone."""


@pytest.fixture
def licence(units):
    open_licence(
        units,
        buyer=BUYER,
        supplier=SUPPLIER,
        licence_id=LICENCE,
        order_id=ORDER,
        starts_at=START,
        ends_at=START + YEAR,
        amount=2_000,
    )


@pytest.fixture
def issue(in_unit, clock):
    """The invoice of what is new since the one before."""
    ends = [START]

    def run():
        clock.advance(seconds=1)
        period = {"from_at": ends[-1], "until_at": clock.now()}
        ends.append(clock.now())
        return in_unit(
            lambda uow: invoice_services.issue_invoice(
                uow, statement_ports(), licence_id=LICENCE, **period
            )
        )

    return run


PARTIES = {
    "buyer_id": BUYER,
    "supplier_id": SUPPLIER,
    "amount": PRICE,
    "currency": "CNY",
    "split": SPLIT,
}


def test_a_year_s_price_and_what_went_back_of_it_state_the_tax_that_was_kept(
    licence, issue, in_unit, clock
):
    term = {"starts_at": START, "ends_at": START + YEAR}

    def place(uow):
        deferral_services.defer_order(uow, order_id=ORDER, **PARTIES, **term)
        deferral_services.note_deferred_licence(uow, order_id=ORDER, licence_id=LICENCE, **term)

    in_unit(place)
    issued = [issue()]
    clock.set(START + timedelta(days=100))
    for behind in (301, 203):
        in_unit(
            lambda uow, behind=behind: deferral_services.narrow_deferral(
                uow,
                licence_id=LICENCE,
                starts_at=START,
                ends_at=START + timedelta(days=behind),
                reason_code="RIGHTS_ENDED",
            )
        )
    issued.append(issue())
    in_unit(
        lambda uow: deferral_services.end_deferral(
            uow, licence_id=LICENCE, reason_code="REGULATOR_ORDER"
        )
    )
    issued.append(issue())
    kept = [PRICE * days // 365 for days in (365, 301, 203, 100)]
    lines = [line for invoice in issued for line in invoice.document["lines"]]
    assert [(line["kind"], line["order_id"], int(line["amount"])) for line in lines] == [
        ("yearly_package", ORDER, PRICE),
        *(("refund", ORDER, after - before) for before, after in itertools.pairwise(kept)),
    ]
    tax_in_books = select(func.sum(PostedLine.amount)).where(
        PostedLine.account_id == "exchange/tax/CNY"
    )
    stated = sum(int(invoice.document["tax"]["amount"]) for invoice in issued)
    assert stated == in_unit(lambda uow: uow.session.scalar(tax_in_books))
    for invoice in issued:
        rebuilt = in_unit(
            lambda uow, invoice=invoice: evidence_services.rebuild_invoice(
                uow.session, statement_ports(), invoice
            )
        )
        assert rebuilt == invoice.document
    assert issue().document["lines"] == []


def test_a_price_that_was_reversed_is_on_the_bill_both_ways(licence, issue, in_unit):
    in_unit(lambda uow: trading_services.charge_order(uow, order_id=ORDER, **PARTIES))
    in_unit(lambda uow: wallet_services.reverse(uow, template="charge_order", reference=ORDER))
    document = issue().document
    assert document["lines"] == [
        {"kind": "package", "order_id": ORDER, "amount": str(PRICE)},
        {"kind": "reversal", "of": f"charge_order:{ORDER}", "amount": str(-PRICE)},
    ]
    tax = shares(PRICE, SPLIT)["tax"]
    parts = [int(part["amount"]) for part in document["tax"]["parts"]]
    assert (document["total_amount"], parts) == ("0", [0, tax, -tax])
