"""The month's invoice of a licence: it begins where the last ended, and states what came late."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.money import SCALE
from ledger.journal.billing.invoices import evidence_services as invoice_evidence_services
from ledger.journal.billing.invoices import services as invoice_services
from ledger.journal.books import postings, splits
from ledger.journal.books.booking import book
from ledger.journal.periods import services as period_services
from tests.factories.billing import SPLIT, LoggedLane, open_licence, statement_ports

BUYER, SUPPLIER, LICENCE = "org_buyer", "org_supplier", "lic_1"
NOVEMBER, DECEMBER, JANUARY, FEBRUARY = (
    datetime(2026, month, 1, tzinfo=UTC) + timedelta(days=days, hours=-8)
    for month, days in ((11, 0), (12, 0), (12, 31), (12, 62))
)
DAY = timedelta(days=1)


@pytest.fixture
def lane(units, clock):
    open_licence(
        units,
        buyer=BUYER,
        supplier=SUPPLIER,
        licence_id=LICENCE,
        order_id="ord_1",
        starts_at=NOVEMBER,
        ends_at=NOVEMBER + 365 * DAY,
    )
    return LoggedLane(units, clock, LICENCE)


@pytest.fixture
def issue(in_unit):
    def run(verb, from_at, until_at):
        return in_unit(
            lambda uow: verb(
                uow, statement_ports(), licence_id=LICENCE, from_at=from_at, until_at=until_at
            )
        )

    return run


@pytest.fixture
def due(issue):
    return lambda *period: issue(invoice_services.issue_due_invoice, *period)


def charge_period(in_unit, period):
    in_unit(
        lambda uow: period_services.charge_period(
            uow,
            licence_id=LICENCE,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            period=period,
            amount=SCALE,
            currency="CNY",
            split=SPLIT,
        )
    )


def test_it_begins_where_an_invoice_of_the_same_month_ended(lane, issue, due, clock):
    lane.call()
    clock.set(DECEMBER - 5 * DAY)
    asked = issue(invoice_services.issue_invoice, NOVEMBER, DECEMBER - 5 * DAY)
    lane.call()
    clock.set(DECEMBER)
    invoice = due(NOVEMBER, DECEMBER)
    assert (invoice.from_at, invoice.until_at) == (asked.until_at, DECEMBER)
    assert [each.document["units"] for each in (asked, invoice)] == [1, 1]


def test_it_begins_with_its_month_when_the_month_before_had_nothing_to_state(lane, due, clock):
    lane.call()
    clock.set(DECEMBER)
    assert due(NOVEMBER, DECEMBER) is not None
    clock.set(JANUARY)
    assert due(DECEMBER, JANUARY) is None
    lane.call()
    clock.set(FEBRUARY)
    assert due(JANUARY, FEBRUARY).from_at == JANUARY


def test_what_a_month_that_is_invoiced_left_out_is_on_the_next(lane, due, clock, in_unit):
    lane.call()
    clock.set(DECEMBER)
    due(NOVEMBER, DECEMBER)
    lane.call(at=DECEMBER - DAY)
    clock.set(DECEMBER - DAY)
    charge_period(in_unit, 1)
    clock.set(JANUARY)
    assert due(NOVEMBER, DECEMBER) is None
    invoice = due(DECEMBER, JANUARY)
    assert [line["kind"] for line in invoice.document["lines"]] == ["period_fee"]
    assert invoice.document["lanes"][0]["carried"] == 1


def test_free_calls_are_stated_too(lane, due, clock):
    lane.call(amount=0)
    clock.set(DECEMBER)
    assert due(NOVEMBER, DECEMBER).document["units"] == 1


def test_what_is_booked_as_the_month_ends_is_the_next_month_s(lane, due, clock, in_unit):
    clock.set(DECEMBER)
    charge_period(in_unit, 1)
    assert due(NOVEMBER, DECEMBER) is None
    clock.set(JANUARY)
    assert due(DECEMBER, JANUARY).total_amount == SCALE


def test_a_month_of_nothing_but_a_credit_is_stated_and_made_again(lane, due, clock, in_unit):
    lane.call(amount=SCALE)
    clock.set(DECEMBER)
    due(NOVEMBER, DECEMBER)
    note = postings.credit(
        reference="crd_1",
        buyer_id=BUYER,
        supplier_id=SUPPLIER,
        currency="CNY",
        parts=splits.shares(SCALE // 4, SPLIT),
    )
    in_unit(
        lambda uow: book(
            uow.session, note, occurred_at=uow.now, booked_at=uow.now, licence_id=LICENCE
        )
    )
    clock.set(JANUARY)
    invoice = due(DECEMBER, JANUARY)
    assert invoice.document["credits"] == [{"credit": "crd_1", "amount": str(SCALE // 4)}]
    assert invoice.total_amount == 0
    rebuilt = in_unit(
        lambda uow: invoice_evidence_services.rebuild_invoice(
            uow.session, statement_ports(), invoice
        )
    )
    assert rebuilt == invoice.document
