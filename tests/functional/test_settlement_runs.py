"""A finished settlement run vouches for its own statements, and for no others."""

import pytest

from app.core.canonical import digest_hex
from app.core.money import MINOR, SCALE
from app.core.reach import Reach
from ledger.journal.books.chart import payable_of
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import run_services, services
from ledger.journal.settlement.run_services import RunPeriod
from ledger.journal.settlement.statements import payable_whole
from tests.factories.traded_books import SUPPLIER, TradedLicence


def settle(in_unit, clock):
    """A whole run up to now; its row and its settlements by supplier."""
    clock.advance(seconds=1)
    period = RunPeriod("CNY", None, clock.now())
    run_id = in_unit(
        lambda uow: run_services.plan_run(uow, period, planned_by="psn_1", minimum_amount=0)
    ).run_id
    while in_unit(run_services.advance_run):
        pass

    def read(uow):
        page = settlement_queries.list_settlements(
            uow.session, None, run_id=run_id, currency="CNY", cursor=None, limit=9
        )
        return settlement_queries.get_run(uow.session, run_id), page.items

    run, settlements = in_unit(read)
    return run, sorted(settlements, key=lambda each: each.supplier_id)


def test_a_run_s_hash_is_over_the_statements_of_its_own_suppliers_in_order(units, clock, in_unit):
    lane = TradedLicence(units, clock).lane
    for _ in range(2):
        lane.call(10 * SCALE)
        run, settlements = settle(in_unit, clock)
        assert run.settlement_count == len(settlements) == 2
        assert run.run_hash == digest_hex([each.statement_hash for each in settlements])


def test_a_supplier_that_cannot_be_settled_is_named_and_in_the_next_run(
    units, clock, in_unit, monkeypatch
):
    lane = TradedLicence(units, clock).lane
    lane.call(10 * SCALE)

    def refuse(supplier_id, currency):
        assert supplier_id != SUPPLIER
        return payable_of(supplier_id, currency)

    with monkeypatch.context() as broken:
        broken.setattr(services, "payable_of", refuse)
        run, settlements = settle(in_unit, clock)
    assert SUPPLIER not in {each.supplier_id for each in settlements}
    assert run.settlement_count == len(settlements) == 1
    assert run.failures == [{"subject_id": SUPPLIER, "error": "AssertionError"}]
    assert run.run_hash == digest_hex([each.statement_hash for each in settlements])
    lane.call(4 * SCALE)
    run, settlements = settle(in_unit, clock)
    assert run.failures == []
    (own,) = (each for each in settlements if each.supplier_id == SUPPLIER)
    assert (own.n, own.period_amount) == (1, 7 * SCALE)


def test_a_month_that_is_settled_is_not_planned_again(units, clock, in_unit):
    TradedLicence(units, clock).lane.call(10 * SCALE)
    assert in_unit(run_services.plan_monthly_runs) == 1
    assert in_unit(run_services.plan_monthly_runs) == 0
    while in_unit(run_services.advance_run):
        pass
    assert in_unit(run_services.plan_monthly_runs) == 0


def test_what_was_posted_after_the_plan_waits_however_early_it_was_booked(units, clock, in_unit):
    """Above the horizon a lower number may still be committed: it would be in no settlement."""
    lane = TradedLicence(units, clock).lane
    lane.call(10 * SCALE)
    with units.begin(Reach.EXCHANGE) as begun:
        clock.advance(seconds=1)
        period = RunPeriod("CNY", None, clock.now())
        in_unit(
            lambda uow: run_services.plan_run(uow, period, planned_by="psn_1", minimum_amount=0)
        )
        lane.write(begun, 4 * SCALE)
        begun.commit()
    while in_unit(run_services.advance_run):
        pass
    _, later = settle(in_unit, clock)
    (own,) = (each for each in later if each.supplier_id == SUPPLIER)
    assert (own.n, own.period_amount) == (2, 2 * SCALE)


def test_what_is_booked_when_a_period_ends_is_the_next_one_s(units, clock, in_unit):
    lane = TradedLicence(units, clock).lane
    lane.call(10 * SCALE)
    clock.advance(seconds=1)
    lane.call(4 * SCALE)
    clock.advance(seconds=-1)
    for amount in (5 * SCALE, 2 * SCALE):
        _, settlements = settle(in_unit, clock)
        (own,) = (each for each in settlements if each.supplier_id == SUPPLIER)
        assert own.period_amount == amount


def test_a_run_whose_barrier_came_with_a_restored_dump_does_not_wait_for_it(
    units, clock, in_unit, plant
):
    """The server that drew it had counted further than this one has."""
    TradedLicence(units, clock).lane.call(10 * SCALE)
    clock.advance(seconds=1)
    period = RunPeriod("CNY", None, clock.now())
    in_unit(lambda uow: run_services.plan_run(uow, period, planned_by="psn_1", minimum_amount=0))
    plant("UPDATE settlement_runs SET barrier_xid = barrier_xid + 1000000000")
    assert in_unit(run_services.advance_run)


@pytest.mark.parametrize(
    ("balance", "minimum", "settled"),
    [
        (2 * MINOR - 1, 0, MINOR),
        (MINOR - 1, 0, 0),
        (-2 * MINOR, 0, 0),
        (SCALE, SCALE, SCALE),
        (SCALE - 1, SCALE, 0),
    ],
)
def test_whole_minor_units_from_the_minimum_on_are_settled(balance, minimum, settled):
    assert payable_whole(balance, minimum) == settled
