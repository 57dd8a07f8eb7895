"""Fees, true-ups and yearly prices follow from what other rooms record, in one transaction."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.core.money import SCALE
from app.core.reach import Reach
from app.reactions import billing, trading
from app.wiring.books import audit_ports, billing_ports
from app.worker.billing import billing_steps
from compliance.events import LicenceNarrowed, LicenceRevoked
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.deferrals.models import Deferral
from ledger.journal.wallets import services
from ledger.journal.wallets.errors import InsufficientFunds
from metering.events import PeriodClosed, PeriodOpened

BUYER, SUPPLIER, LICENCE, ORDER = "org_buyer", "org_supplier", "lic_1", "ord_1"
SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
PERIOD = {
    "occurred_at": START,
    "licence_id": LICENCE,
    "buyer_id": BUYER,
    "supplier_id": SUPPLIER,
    "period": 1,
    "from_at": START - timedelta(days=30),
    "until_at": START,
    "currency": "CNY",
    "split": SPLIT,
}


@pytest.fixture
def record(parts):
    """Records events as metering or compliance do, with every reaction of the product."""
    with parts.units.begin(Reach.EXCHANGE) as uow:
        services.open_accounts(uow, organisation_id=BUYER)
        draft = postings.top_up(
            reference="tup_1", organisation_id=BUYER, amount=500 * SCALE, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()

    def run(*events):
        with parts.units.begin(Reach.EXCHANGE) as uow:
            for event in events:
                uow.record(event)
            uow.commit()

    return run


def balance(parts, account_id):
    statement = text("SELECT coalesce(sum(amount), 0) FROM postings WHERE account_id = :account")
    with parts.units.begin(Reach.EXCHANGE) as uow:
        return int(uow.session.scalar(statement, {"account": account_id}))


def test_a_period_is_paid_where_it_opens_and_trued_up_where_it_closes(parts, record):
    record(PeriodOpened(**PERIOD, fee_amount=100 * SCALE))
    assert balance(parts, "org_buyer/wallet/CNY") == 400 * SCALE
    record(
        PeriodClosed(
            **PERIOD,
            units=10,
            charged_amount=30 * SCALE,
            total_amount=20 * SCALE,
            minimum_amount=0,
        )
    )
    assert balance(parts, "org_buyer/wallet/CNY") == 410 * SCALE
    record(
        PeriodClosed(
            **{**PERIOD, "period": 2},
            units=10,
            charged_amount=30 * SCALE,
            total_amount=30 * SCALE,
            minimum_amount=50 * SCALE,
        )
    )
    assert balance(parts, "org_buyer/wallet/CNY") == 390 * SCALE


def test_an_opening_that_cannot_be_paid_is_undone_whole(parts, record):
    with pytest.raises(InsufficientFunds):
        record(
            PeriodOpened(**PERIOD, fee_amount=SCALE),
            PeriodOpened(**{**PERIOD, "period": 2}, fee_amount=500 * SCALE),
        )
    assert balance(parts, "org_buyer/wallet/CNY") == 500 * SCALE


def order(kind):
    return SimpleNamespace(
        plan_terms={"kind": kind},
        order_id=ORDER,
        buyer_id=BUYER,
        supplier_id=SUPPLIER,
        due_amount=365 * SCALE,
        currency="CNY",
        split=SPLIT,
        starts_at=START,
        ends_at=START + timedelta(days=400),
    )


def test_a_yearly_order_waits_to_be_earned_and_any_other_is_paid_out_at_once(parts, record):
    with parts.units.begin(Reach.EXCHANGE) as uow:
        trading.charge_order(uow, order("yearly"))
        issued = SimpleNamespace(
            order_id=ORDER,
            licence_id=LICENCE,
            starts_at=START,
            ends_at=START + timedelta(days=365),
        )
        billing.note_deferred_licence(uow, issued)
        package = order("package")
        package.order_id, package.due_amount = "ord_2", SCALE
        trading.charge_order(uow, package)
        uow.commit()
    assert balance(parts, "exchange/deferred/CNY") == 365 * SCALE
    assert balance(parts, "org_supplier/payable/CNY") == SCALE * 84 // 100
    with parts.units.begin(Reach.EXCHANGE) as uow:
        deferral = uow.session.get(Deferral, ORDER)
        assert (deferral.days, deferral.licence_id) == (365, LICENCE)
        revoked = LicenceRevoked(
            occurred_at=uow.now,
            licence_id=LICENCE,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            reason_code="REGULATOR_ORDER",
            revoked_by="psn_1",
        )
        billing.end_deferral(uow, revoked)
        uow.commit()
    assert balance(parts, "org_buyer/wallet/CNY") == 499 * SCALE


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "refunded"),
    [
        (0, 100, 265),
        (0, 99.5, 266),
        (100.25, 365, 91),
        (100.25, 300.75, 156),
        (10.75, 365, 1),
        (10.25, 365, 0),
        (60.25, 60.75, 355),
    ],
)
def test_days_that_a_narrowed_term_takes_from_a_year_are_given_back_at_once(
    parts, record, clock, starts_in, ends_in, refunded
):
    yearly = order("yearly")
    yearly.starts_at = clock.now()
    with parts.units.begin(Reach.EXCHANGE) as uow:
        trading.charge_order(uow, yearly)
        issued = SimpleNamespace(
            order_id=ORDER,
            licence_id=LICENCE,
            starts_at=yearly.starts_at,
            ends_at=yearly.starts_at + timedelta(days=365),
        )
        billing.note_deferred_licence(uow, issued)
        uow.commit()
    clock.set(yearly.starts_at + timedelta(days=10.5))
    ends_at = yearly.starts_at + timedelta(days=ends_in)
    narrowed = LicenceNarrowed(
        occurred_at=clock.now(),
        licence_id=LICENCE,
        buyer_id=BUYER,
        supplier_id=SUPPLIER,
        narrowing_id="nar_1",
        terms={},
        terms_hash="00" * 32,
        starts_at=yearly.starts_at + timedelta(days=starts_in),
        ends_at=ends_at,
    )
    record(narrowed)
    assert balance(parts, "org_buyer/wallet/CNY") == (135 + refunded) * SCALE
    assert balance(parts, "org_supplier/payable/CNY") == 10 * SCALE * 84 // 100
    for at in (clock.now() + timedelta(days=1), yearly.starts_at + timedelta(days=400)):
        clock.set(at)
        with parts.units.begin(Reach.EXCHANGE) as uow:
            deferral_services.recognise_due(uow)
            assert find_imbalances(uow.session) == []
            uow.commit()
    assert balance(parts, "exchange/deferred/CNY") == 0
    assert balance(parts, "org_buyer/wallet/CNY") == (135 + refunded) * SCALE
    earned = 365 - refunded
    assert balance(parts, "org_supplier/payable/CNY") == earned * SCALE * 84 // 100


def test_every_timed_step_runs_on_books_with_something_in_them_and_finds_them_well(parts, record):
    record(PeriodOpened(**PERIOD, fee_amount=SCALE))
    for _ in range(3):
        found = {
            step.name: step.run()
            for step in billing_steps(parts, billing_ports(parts), audit_ports())
        }
    assert found["audit"] is False
    with parts.units.begin(Reach.EXCHANGE) as uow:
        assert uow.session.scalar(text("SELECT count(*) FROM account_freezes")) == 0
        assert uow.session.scalar(text("SELECT count(*) FROM account_tallies")) > 0
