"""Monthly runs: every licence with something to state, nothing twice, nothing lost."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.invoices import queries
from ledger.journal.billing.runs import queries as billing_run_queries
from ledger.journal.billing.runs import services as billing_run_services
from ledger.journal.billing.runs.errors import BillingMonthUnfit
from ledger.journal.periods import services as period_services
from ledger.journal.spend_alerts import queries as alert_queries
from ledger.journal.spend_alerts import services as alert_services
from ledger.journal.spend_alerts.events import BalanceLow, SpendSpiked
from ledger.journal.wallets.errors import WalletNotOpen
from ledger.journal.wallets.leases import WalletLeases
from ledger.journal.wallets.services import open_accounts
from ledger.log.services import driver_cursor
from tests.factories.billing import (
    SPLIT,
    LoggedLane,
    open_licence,
    settle_cursor,
    statement_ports,
)
from tests.factories.crossing import second_runs_into_first

BUYER, SUPPLIER = "org_buyer", "org_supplier"
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
MONTH_END = datetime(2026, 11, 30, 16, tzinfo=UTC)
OPERATOR = Principal("psn_1", "org_x", frozenset({Role.OPERATOR}), has_second_factor=True)


@pytest.fixture
def ports():
    return statement_ports()


@pytest.fixture
def licences(units, clock):
    """Twenty-five licences, more than a portion; every fifth is called once."""
    lanes = {}
    for number in range(25):
        licence_id = f"lic_{number:02d}"
        open_licence(
            units,
            buyer=BUYER,
            supplier=SUPPLIER,
            licence_id=licence_id,
            order_id=f"ord_{number:02d}",
            starts_at=START,
            ends_at=START + timedelta(days=365),
            amount=1,
        )
        if number % 5 == 0:
            lanes[licence_id] = LoggedLane(units, clock, licence_id)
            lanes[licence_id].call()
    return lanes


@pytest.fixture
def work(in_unit, ports):
    """The worker's steps until the month is done; how many portions it took."""

    def run():
        in_unit(billing_run_services.start_due_runs)
        portions = 0
        while in_unit(lambda uow: billing_run_services.work_on_run(uow, ports)):
            portions += 1
        return portions

    return run


def invoices(in_unit, licence_id=None):
    def read(uow):
        return queries.list_invoices(
            uow.session, BUYER, licence_id=licence_id, cursor=None, limit=100
        ).items

    return sorted(in_unit(read), key=lambda invoice: (invoice.licence_id, invoice.from_at))


def charge_period(in_unit, licence_id, period):
    in_unit(
        lambda uow: period_services.charge_period(
            uow,
            licence_id=licence_id,
            buyer_id=BUYER,
            supplier_id=SUPPLIER,
            period=period,
            amount=SCALE,
            currency="CNY",
            split=SPLIT,
        )
    )


def test_a_month_begun_twice_at_once_is_one_run(units):
    def begin(uow):
        return billing_run_services.start_run(uow, OPERATOR, month="2026-10")

    # The month is over on the 20th of November.
    assert second_runs_into_first(units, begin, begin).month == "2026-10"


def test_what_was_paid_for_a_licence_that_begins_later_is_on_the_month_s_invoice(
    in_unit, units, clock, work
):
    open_licence(
        units,
        buyer=BUYER,
        supplier=SUPPLIER,
        licence_id="lic_later",
        order_id="ord_later",
        starts_at=MONTH_END + timedelta(days=14),
        ends_at=MONTH_END + timedelta(days=100),
    )
    charge_period(in_unit, "lic_later", 1)
    clock.set(MONTH_END + timedelta(hours=3))
    work()
    (invoice,) = invoices(in_unit, "lic_later")
    assert (invoice.total_amount, invoice.until_at) == (SCALE, MONTH_END)


def test_a_month_is_billed_when_it_is_over_and_its_periods_had_time_to_close(
    in_unit, licences, clock, work
):
    clock.set(MONTH_END + billing_run_services.GRACE - timedelta(seconds=1))
    work()
    assert [run.month for run in runs(in_unit)] == ["2026-10"]
    assert invoices(in_unit) == []
    clock.set(MONTH_END + billing_run_services.GRACE)
    assert work() >= 3
    (newest, *_) = runs(in_unit)
    assert (newest.month, newest.invoice_count) == ("2026-11", 5)
    assert newest.finished_at is not None
    assert [invoice.licence_id for invoice in invoices(in_unit)] == sorted(licences)
    assert work() == 0
    assert len(invoices(in_unit)) == 5


def runs(in_unit):
    page = in_unit(lambda uow: billing_run_queries.list_runs(uow.session, cursor=None, limit=20))
    return page.items


def test_a_licence_with_a_fee_and_no_call_is_billed_too(in_unit, licences, clock, work):
    charge_period(in_unit, "lic_01", 1)
    clock.set(MONTH_END + timedelta(days=1))
    work()
    (invoice,) = invoices(in_unit, "lic_01")
    assert invoice.total_amount == SCALE
    assert invoice.document["tax"]["amount"] == str(6_000_000)


def test_after_months_of_standstill_every_month_is_billed_and_nothing_is_lost(
    in_unit, licences, clock, work
):
    clock.set(MONTH_END + timedelta(days=1))
    work()
    # Committed behind the invoice of November, and then the lane fell silent.
    licences["lic_00"].call(at=MONTH_END - timedelta(seconds=1))
    charge_period(in_unit, "lic_01", 1)
    clock.set(MONTH_END + timedelta(days=100))
    work()
    assert [run.month for run in runs(in_unit)] == [
        "2027-02", "2027-01", "2026-12", "2026-11",
    ]  # fmt: skip
    first, second = invoices(in_unit, "lic_00")
    assert second.document["lanes"][0]["carried"] == 1
    assert second.from_at == first.until_at
    assert len(invoices(in_unit, "lic_01")) == 1
    assert in_unit(lambda uow: find_imbalances(uow.session)) == []


def test_a_licence_whose_invoice_cannot_be_made_is_named_and_made_when_it_can_be(
    in_unit, licences, clock, work, plant
):
    of_its_opening = "UPDATE log_entries SET n = {} WHERE licence_id = 'lic_05' AND n = {}"
    plant(of_its_opening.format(999, 0))
    clock.set(MONTH_END + timedelta(days=1))
    work()
    (run, *_) = runs(in_unit)
    assert [invoice.licence_id for invoice in invoices(in_unit)] == sorted({*licences} - {"lic_05"})
    assert (run.failed_count, run.finished_at) == (1, None)
    assert run.failures == [{"subject_id": "lic_05", "error": "LeafMissing"}]
    assert run.retry_at == clock.now() + billing_run_services.RETRY
    assert work() == 0
    plant(of_its_opening.format(0, 999))
    clock.set(run.retry_at)
    work()
    (run, *_) = runs(in_unit)
    assert [invoice.licence_id for invoice in invoices(in_unit)] == sorted(licences)
    assert (run.invoice_count, run.failed_count, run.failures) == (5, 0, [])
    assert run.finished_at == clock.now()


def test_two_workers_on_one_month_issue_every_invoice_once(in_unit, licences, clock, units, ports):
    clock.set(MONTH_END + timedelta(days=1))
    in_unit(billing_run_services.start_due_runs)
    failures = []

    def work():
        try:
            for _ in range(12):
                with units.begin(Reach.EXCHANGE) as uow:
                    billing_run_services.work_on_run(uow, ports)
                    uow.commit()
        except Exception as error:  # noqa: BLE001 -- told to the test's own thread
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert runs(in_unit)[0].finished_at is not None
    assert [invoice.licence_id for invoice in invoices(in_unit)] == sorted(licences)


def test_an_operator_bills_a_month_again_and_only_what_came_late_is_stated(
    in_unit, licences, clock, work
):
    clock.set(MONTH_END + timedelta(days=1))
    work()
    run = in_unit(lambda uow: billing_run_services.start_run(uow, OPERATOR, month="2026-11"))
    assert run.finished_at is None
    work()
    assert len(invoices(in_unit)) == 5


@pytest.mark.parametrize("month", ["2026-11", "2027-01", "x", "2026-1"])
def test_a_month_that_is_not_over_or_none_is_refused(in_unit, month):
    with pytest.raises(BillingMonthUnfit):
        in_unit(lambda uow: billing_run_services.start_run(uow, OPERATOR, month=month))


@pytest.fixture
def alert(in_unit, licences):
    """Told below 20.00, and of an hour above three times the day's average and above 0.50."""

    def run(**changed):
        given = {
            "organisation_id": BUYER,
            "currency": "CNY",
            "low_balance_amount": 20 * SCALE,
            "spike_factor_percent": 300,
            "spike_least_amount": SCALE // 2,
            **changed,
        }
        return in_unit(lambda uow: alert_services.set_alert(uow, **given))

    return run


def look(in_unit, units):
    settle_cursor(units)
    before = len(units.events)
    in_unit(alert_services.look_for_alerts)
    return [event for event in units.events[before:] if isinstance(event, BalanceLow | SpendSpiked)]


def test_a_low_balance_is_told_once_a_crossing(in_unit, alert, units):
    alert(spike_factor_percent=None)
    for period in range(5):
        charge_period(in_unit, "lic_01", period)
    assert look(in_unit, units) == [], "the threshold itself is not below it"
    charge_period(in_unit, "lic_01", 6)
    (event,) = look(in_unit, units)
    assert (event.available_amount, event.threshold_amount) == (19 * SCALE, 20 * SCALE)
    charge_period(in_unit, "lic_01", 7)
    assert look(in_unit, units) == []
    top_up(units, 10)
    assert look(in_unit, units) == []
    for period in range(8, 18):
        charge_period(in_unit, "lic_01", period)
    assert len(look(in_unit, units)) == 1
    alert(spike_factor_percent=None)
    assert len(look(in_unit, units)) == 1, "what is set below tells at once"


def test_every_wallet_is_looked_at_a_portion_at_a_time(in_unit, alert, units, monkeypatch):
    in_unit(lambda uow: open_accounts(uow, organisation_id=BUYER, currency="USD"))
    alert(spike_factor_percent=None)
    alert(currency="USD", low_balance_amount=1, spike_factor_percent=None)
    monkeypatch.setattr(alert_services, "PORTION", 1)
    told = [event for _ in range(4) for event in look(in_unit, units)]
    assert [(event.currency, event.available_amount) for event in told] == [("USD", 0)]


def test_what_waits_for_calls_is_not_spent(in_unit, alert, units, clock):
    alert(spike_factor_percent=None)

    def hold(uow):
        return WalletLeases(clock).reserve(
            driver_cursor(uow),
            organisation_id=BUYER,
            currency="CNY",
            wanted_amount=6 * SCALE,
            least_amount=1,
            lease_id="lea_1",
        )

    assert in_unit(hold) == 6 * SCALE
    assert look(in_unit, units) == []
    for period in range(6):
        charge_period(in_unit, "lic_01", period)
    (event,) = look(in_unit, units)
    assert event.available_amount == 19 * SCALE


def top_up(units, amount):
    open_licence(
        units,
        buyer=BUYER,
        supplier=SUPPLIER,
        licence_id="lic_more",
        order_id="ord_more",
        starts_at=START,
        ends_at=START + timedelta(days=1),
        amount=amount,
    )


def test_a_spike_is_told_once_an_hour_and_a_steady_stream_never(in_unit, alert, units, clock):
    alert(low_balance_amount=None)
    for hour in range(24):
        charge_period(in_unit, "lic_01", hour)
        clock.advance(seconds=3600)
        if hour == 0:
            assert look(in_unit, units) != [], "the first hour after none is a spike"
        elif hour > 8:
            assert look(in_unit, units) == [], hour


def test_the_spike_s_figures_are_the_hour_s_and_the_average_hour_s(in_unit, alert, units, clock):
    alert(low_balance_amount=None, spike_least_amount=2 * SCALE)
    for period in range(3):
        charge_period(in_unit, "lic_01", period)
    clock.advance(seconds=2 * 3600)
    assert look(in_unit, units) == []
    for period in range(3, 7):
        charge_period(in_unit, "lic_01", period)
    clock.advance(seconds=60)
    (event,) = look(in_unit, units)
    assert (event.hour_amount, event.average_amount) == (4 * SCALE, 3 * SCALE // 24)
    assert look(in_unit, units) == []
    clock.advance(seconds=3600)
    assert look(in_unit, units) == []
    for period in range(7, 10):
        charge_period(in_unit, "lic_01", period)
    (event,) = look(in_unit, units)
    assert event.hour_amount == 3 * SCALE


def test_of_two_first_alerts_set_at_once_the_second_counts(in_unit, licences, units):
    def asking_for(low):
        return lambda uow: alert_services.set_alert(
            uow,
            organisation_id=BUYER,
            currency="CNY",
            low_balance_amount=low,
            spike_factor_percent=None,
            spike_least_amount=0,
        )

    second_runs_into_first(units, asking_for(10 * SCALE), asking_for(20 * SCALE))
    (found,) = in_unit(lambda uow: alert_queries.list_alerts(uow.session, BUYER))
    assert found.low_balance_amount == 20 * SCALE


def test_an_alert_needs_a_wallet(in_unit):
    with pytest.raises(WalletNotOpen):
        in_unit(
            lambda uow: alert_services.set_alert(
                uow,
                organisation_id="org_nobody",
                currency="CNY",
                low_balance_amount=1,
                spike_factor_percent=None,
                spike_least_amount=0,
            )
        )
