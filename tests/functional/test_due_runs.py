"""Which months are billed by themselves: each once, in order, when its periods could be closed."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.money import SCALE
from app.core.principals import Principal, Role
from ledger.journal.billing.credit_bills import services as credit_bill_services
from ledger.journal.billing.runs import queries as run_queries
from ledger.journal.billing.runs import services as run_services
from tests.factories.billing import open_licence, statement_ports
from tests.factories.credit import BUYER, SUPPLIER, OnCredit

NOVEMBER_ENDS = datetime(2026, 11, 30, 16, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
OPERATOR = Principal("psn_1", "org_x", frozenset({Role.OPERATOR}), has_second_factor=True)


@pytest.fixture
def months(in_unit):
    """The months that have a run, oldest first, and whether each is finished."""

    def read():
        page = in_unit(lambda uow: run_queries.list_runs(uow.session, cursor=None, limit=50))
        return {run.month: run.finished_at is not None for run in reversed(page.items)}

    return read


@pytest.fixture
def finish(in_unit):
    def run():
        while in_unit(lambda uow: run_services.work_on_run(uow, statement_ports())):
            pass

    return run


def test_a_month_waits_two_hours_for_its_periods(in_unit, clock, months):
    clock.set(NOVEMBER_ENDS + timedelta(hours=2) - MOMENT)
    in_unit(run_services.start_due_runs)
    assert "2026-11" not in months()
    clock.set(NOVEMBER_ENDS + timedelta(hours=2))
    in_unit(run_services.start_due_runs)
    assert "2026-11" in months()


def test_an_operator_may_bill_a_month_from_its_last_instant_on(in_unit, clock, months):
    clock.set(NOVEMBER_ENDS)
    in_unit(lambda uow: run_services.start_run(uow, OPERATOR, month="2026-11"))
    assert months() == {"2026-11": False}


def test_a_month_that_is_billed_again_states_and_asks_what_came_late(in_unit, clock, units, finish):
    buyer = OnCredit(in_unit, clock)
    buyer.lend(500)
    open_licence(
        units,
        buyer=BUYER,
        supplier=SUPPLIER,
        licence_id="lic_1",
        order_id="ord_1",
        starts_at=NOVEMBER_ENDS - timedelta(days=20),
        ends_at=NOVEMBER_ENDS + timedelta(days=20),
        amount=1,
    )
    buyer.bill(NOVEMBER_ENDS + timedelta(days=1))
    assert buyer.bills == []
    clock.set(NOVEMBER_ENDS - MOMENT)
    buyer.buy(100, "ord_1")
    clock.set(NOVEMBER_ENDS + timedelta(days=2))
    in_unit(lambda uow: run_services.start_run(uow, OPERATOR, month="2026-11"))
    finish()
    (bill,) = buyer.bills
    assert bill.month == "2026-11"
    assert [each["total_amount"] for each in bill.document["invoices"]] == [str(100 * SCALE)]


def test_a_bill_that_cannot_be_made_is_named_and_made_when_somebody_asks_again(
    in_unit, clock, finish, monkeypatch
):
    buyer = OnCredit(in_unit, clock)
    line = buyer.lend(500)
    buyer.buy(100, "ord_1")
    with monkeypatch.context() as broken:
        broken.setattr(credit_bill_services, "bill_document", lambda facts: facts.nothing)
        buyer.bill(NOVEMBER_ENDS + timedelta(days=1))
    assert buyer.bills == []
    page = in_unit(lambda uow: run_queries.list_runs(uow.session, cursor=None, limit=1))
    assert [each["subject_id"] for each in page.items[0].failures] == [line.credit_line_id]
    in_unit(lambda uow: run_services.start_run(uow, OPERATOR, month="2026-11"))
    finish()
    assert [bill.month for bill in buyer.bills] == ["2026-11"]


def test_after_a_standstill_the_months_come_one_after_the_other(
    in_unit, clock, months, finish, monkeypatch
):
    monkeypatch.setattr(run_services, "MONTHS_MAX", 1)
    for behind in (1, 100, 100, 100):
        clock.set(NOVEMBER_ENDS + timedelta(days=behind))
        assert in_unit(run_services.start_due_runs) == 1
        finish()
    assert months() == dict.fromkeys(["2026-11", "2026-12", "2027-01", "2027-02"], True)
    assert in_unit(run_services.start_due_runs) == 0


def test_a_month_that_is_done_is_begun_again_by_a_person_alone(in_unit, clock, months, finish):
    clock.set(NOVEMBER_ENDS + timedelta(days=1))
    in_unit(run_services.start_due_runs)
    finish()
    in_unit(lambda uow: run_services.start_run(uow, None, month="2026-11"))
    assert months() == {"2026-11": True}
    again = in_unit(lambda uow: run_services.start_run(uow, OPERATOR, month="2026-11"))
    assert (months(), again.asked_by) == ({"2026-11": False}, OPERATOR.id)
