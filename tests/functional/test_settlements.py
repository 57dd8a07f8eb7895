"""Settlements: every posting once, whatever runs at once, and the same statement again."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.canonical import canonical_bytes, digest_hex
from app.core.money import MINOR, SCALE
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.credits import services as credit_services
from ledger.journal.deferrals import services as deferral_services
from ledger.journal.periods import services as period_services
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import run_services
from ledger.journal.settlement import services as settlement_services
from ledger.journal.settlement.errors import (
    SettlementNotFound,
    SettlementPeriodUnfit,
    SettlementRunOpen,
)
from ledger.journal.settlement.events import SettlementMade, SettlementRunFinished
from ledger.journal.settlement.run_services import RunPeriod
from ledger.journal.supplier_statements.queries import supplier_statement
from ledger.journal.wallets import services
from tests.factories.traded_books import (
    BUYER,
    CONTRIBUTOR,
    PARTS,
    SPLIT,
    SUPPLIER,
    TradedLicence,
    balances,
    evidence_ports,
)

PAYABLE, SETTLED = f"{SUPPLIER}/payable/CNY", f"{SUPPLIER}/settled/CNY"


@pytest.fixture
def licence(units, clock):
    return TradedLicence(units, clock)


@pytest.fixture
def plan(units, clock):
    def run(*, from_at=None, until_at=None, currency="CNY", minimum_amount=0):
        with units.begin(Reach.EXCHANGE) as uow:
            planned = run_services.plan_run(
                uow,
                RunPeriod(currency, from_at, until_at or clock.now()),
                planned_by="psn_1",
                minimum_amount=minimum_amount,
            )
            uow.commit()
            return planned

    return run


@pytest.fixture
def advance(units):
    def run(portion=50):
        with units.begin(Reach.EXCHANGE) as uow:
            done = run_services.advance_run(uow, portion)
            uow.commit()
            return done

    return run


@pytest.fixture
def settle(plan, advance, clock):
    """A whole run up to now; a second later, so that the next one has a period."""

    def run(**how):
        clock.advance(seconds=1)
        planned = plan(**how)
        while advance():
            pass
        return planned

    return run


def settlements(units, supplier_id=SUPPLIER, currency="CNY"):
    with units.begin(Reach.EXCHANGE) as uow:
        page = settlement_queries.list_settlements(
            uow.session, supplier_id, run_id=None, currency=currency, cursor=None, limit=100
        )
        return sorted(page.items, key=lambda each: each.n)


def credit(units, licence, n, credit_id):
    with units.begin(Reach.EXCHANGE) as uow:
        corrections = credit_services.call_corrections(
            uow.session, evidence_ports(), licence.licence_id, [(1, n, None)]
        )
        credit_services.give_credit(
            uow,
            credit_id=credit_id,
            licence_id=licence.licence_id,
            amount=corrections[0].amount,
            reason_code="wrong_data",
            corrects=corrections,
        )
        uow.commit()


def test_a_run_fixes_whole_minor_units_and_leaves_the_rest_in_the_payable(licence, settle, units):
    licence.order(10 * SCALE)
    licence.lane.call(40_000_001)
    earned = balances(units)[PAYABLE]
    settle()
    (made,) = settlements(units)
    assert made.settled_amount == earned // MINOR * MINOR
    assert made.carried_amount == earned % MINOR > 0
    assert balances(units)[PAYABLE] == made.carried_amount
    assert balances(units)[SETTLED] == made.settled_amount
    (other,) = settlements(units, CONTRIBUTOR)
    assert other.settled_amount > 0
    with units.begin(Reach.EXCHANGE) as uow:
        assert find_imbalances(uow.session) == []


def test_the_statement_has_a_row_per_licence_with_all_columns(licence, settle, units, clock):
    second = TradedLicence(units, clock, 2)
    licence.order(10_000)
    licence.lane.call(20_000)
    second.lane.call(30_000)
    credit(units, second, 1, "crd_1")
    settle()
    (made,) = settlements(units)
    rows = {row["subject"]: row for row in made.statement["rows"]}
    assert rows["lic_1"] == {
        "subject": "lic_1",
        "listing": "AIR-1",
        "usage_amount": "10000",
        "package_amount": "5000",
        "period_amount": "0",
        "credit_amount": "0",
        "other_amount": "0",
        "amount": "15000",
        "commission_amount": "3201",
        "tax_amount": "1800",
    }
    assert rows["lic_2"]["credit_amount"] == "-15000"
    assert rows["lic_2"]["amount"] == "0"
    assert rows["lic_2"]["commission_amount"] == "0"
    assert made.statement["period_amount"] == "15000"
    (other,) = settlements(units, CONTRIBUTOR)
    shown = {row["subject"]: row for row in other.statement["rows"]}
    assert shown["lic_1"]["amount"] == str(30_000 * SPLIT[f"supplier:{CONTRIBUTOR}"] // 10_000)
    own = (shown["lic_1"]["commission_amount"], shown["lic_1"]["tax_amount"])
    assert own == ("0", "0"), "not the contributor's own price"
    with units.begin(Reach.EXCHANGE) as uow:
        kept = settlement_queries.list_statement_rows(uow.session, made.settlement_id)
    assert len({row.salt for row in kept}) == len(kept) == 2, "who knows one row guesses no other"


def test_what_licences_brought_is_not_less_for_being_settled(licence, settle, units, clock):
    began = clock.now()
    licence.order(10 * SCALE)
    licence.lane.call(100 * SCALE)
    licence.lane.call(20 * SCALE)
    earned = balances(units)[PAYABLE]
    settle()
    before = balances(units).get(PAYABLE, 0)
    credit(units, licence, 2, "crd_1")
    given_back = before - balances(units).get(PAYABLE, 0)
    with units.begin(Reach.EXCHANGE) as uow:
        statement = supplier_statement(
            uow.session,
            SUPPLIER,
            currency="CNY",
            from_at=began,
            until_at=clock.now() + timedelta(seconds=1),
            cursor=None,
            limit=20,
        )
    (row,) = statement.items
    assert (row.credit_amount, row.package_amount) == (-given_back, 5 * SCALE)
    assert row.amount == statement.total_amount == earned - given_back


def test_each_template_has_its_column_in_both_statements(licence, settle, units, clock):
    began = clock.now()
    licence.order(10 * SCALE)
    licence.lane.call(100 * SCALE)
    parties = {"buyer_id": BUYER, "supplier_id": SUPPLIER, "currency": "CNY", "split": SPLIT}
    with units.begin(Reach.EXCHANGE) as uow:
        of_licence = parties | {"licence_id": licence.licence_id}
        for period in ("1", "2"):
            period_services.charge_period(uow, period=period, amount=30 * SCALE, **of_licence)
        period_services.adjust_period(
            uow, period="1", excess_amount=20 * SCALE, missing_amount=30 * SCALE, **of_licence
        )
        undone = f"{licence.licence_id}:2"
        assert services.reverse(uow, template="charge_period", reference=undone) is not None
        term = {"starts_at": began, "ends_at": began + timedelta(days=1)}
        deferral_services.defer_order(
            uow, order_id="ord_yearly", amount=8 * SCALE, **parties, **term
        )
        deferral_services.note_deferred_licence(
            uow, order_id="ord_yearly", licence_id=licence.licence_id, **term
        )
        uow.commit()
    clock.advance(seconds=24 * 60 * 60)
    with units.begin(Reach.EXCHANGE) as uow:
        assert deferral_services.recognise_due(uow) == 1
        uow.commit()
    credit(units, licence, 1, "crd_1")
    amounts = {"usage": 40, "package": 9, "period": 45, "credit": -50, "other": -15}
    with units.begin(Reach.EXCHANGE) as uow:
        statement = supplier_statement(
            uow.session,
            SUPPLIER,
            currency="CNY",
            from_at=began,
            until_at=clock.now() + timedelta(seconds=1),
            cursor=None,
            limit=20,
        )
    (row,) = statement.items
    assert {name: getattr(row, f"{name}_amount") for name in amounts} == {
        name: amount * SCALE for name, amount in amounts.items()
    }
    assert row.amount == statement.total_amount == balances(units)[PAYABLE] == 29 * SCALE
    settle()
    (made,) = settlements(units)
    (settled,) = made.statement["rows"]
    assert {name: settled[f"{name}_amount"] for name in amounts} == {
        name: str(amount * SCALE) for name, amount in amounts.items()
    }


def test_settlements_adjoin_and_every_posting_is_in_exactly_one(licence, settle, units):
    for _ in range(4):
        licence.lane.call(123_456_789)
        settle()
    made = settlements(units)
    assert [each.n for each in made] == [1, 2, 3, 4]
    for before, after in itertools.pairwise(made):
        assert after.from_posting_id == before.until_posting_id
        assert after.opening_amount == before.carried_amount
    earned = sum(each.period_amount for each in made)
    assert earned == balances(units)[PAYABLE] + balances(units)[SETTLED]
    settle()
    assert len(settlements(units)) == 4, "nothing new, nothing stated"


def test_a_statement_is_made_again_byte_for_byte(licence, settle, units):
    licence.order(10 * SCALE)
    licence.lane.call(40_000_001)
    settle()
    licence.lane.call(7)
    credit(units, licence, 1, "crd_1")
    settle()
    licence.lane.call(11)
    for made in settlements(units):
        with units.begin(Reach.EXCHANGE) as uow:
            again = settlement_services.rebuild_statement(uow.session, made)
        assert canonical_bytes(again) == canonical_bytes(made.statement)
        assert digest_hex(again) == made.statement_hash


def test_a_credit_after_the_payout_is_carried_below_zero_and_against_the_next(
    licence, settle, units
):
    licence.lane.call(100 * SCALE)
    settle()
    credit(units, licence, 1, "crd_1")
    assert balances(units)[PAYABLE] == -50 * SCALE
    settle()
    second = settlements(units)[1]
    assert (second.settled_amount, second.carried_amount) == (0, -50 * SCALE)
    licence.lane.call(140 * SCALE)
    settle()
    third = settlements(units)[2]
    assert (third.opening_amount, third.settled_amount) == (-50 * SCALE, 20 * SCALE)
    assert third.carried_amount == 0


def test_below_the_minimum_everything_is_carried_over(licence, settle, units):
    licence.lane.call(SCALE)
    settle(minimum_amount=SCALE)
    licence.lane.call(SCALE)
    settle(minimum_amount=SCALE)
    first, second = settlements(units)
    assert (first.settled_amount, first.carried_amount) == (0, SCALE // 2)
    assert (second.opening_amount, second.settled_amount) == (SCALE // 2, SCALE)
    with units.begin(Reach.EXCHANGE) as uow:
        waiting, others = (
            settlement_queries.list_settlements(
                uow.session, SUPPLIER, is_awaiting_payout=is_awaiting, cursor=None, limit=9
            ).items
            for is_awaiting in (True, False)
        )
        assert [each.settlement_id for each in waiting] == [second.settlement_id]
        assert [each.settlement_id for each in others] == [first.settlement_id]


def test_currencies_do_not_mix(licence, settle, units, clock):
    dollars = TradedLicence(units, clock, 2, currency="USD")
    licence.lane.call(4 * SCALE)
    dollars.lane.call(6 * SCALE)
    settle()
    settle(currency="USD")
    assert [made.settled_amount for made in settlements(units)] == [2 * SCALE]
    (abroad,) = settlements(units, currency="USD")
    assert (abroad.settled_amount, abroad.statement["currency"]) == (3 * SCALE, "USD")
    assert [row["subject"] for row in abroad.statement["rows"]] == ["lic_2"]


def test_what_is_still_being_committed_is_waited_for_and_never_lost(
    licence, plan, advance, units, clock
):
    """A posting id is drawn before its commit: the lower one can be seen last."""
    slow = TradedLicence(units, clock, 2, buyer="org_another")
    clock.advance(seconds=1)
    with units.begin(Reach.EXCHANGE) as uow:
        slow.lane.write(uow, 4 * SCALE)
        uow.session.flush()
        licence.lane.call(6 * SCALE)  # a higher id, and committed first
        clock.advance(seconds=1)
        plan()
        assert advance() == 0, "a writer from before the horizon is under way"
        assert settlements(units) == []
        uow.commit()
    assert advance() > 0
    (made,) = settlements(units)
    assert made.period_amount == 5 * SCALE
    assert {row["subject"] for row in made.statement["rows"]} == {"lic_1", "lic_2"}


def test_what_is_booked_after_the_plan_waits_for_the_next_run(
    licence, plan, advance, settle, units, clock
):
    licence.lane.call(6 * SCALE)
    clock.advance(seconds=1)
    plan()
    licence.lane.call(4 * SCALE)
    while advance():
        pass
    assert settlements(units)[0].period_amount == 3 * SCALE
    settle()
    assert settlements(units)[1].period_amount == 2 * SCALE


def test_two_workers_and_a_death_in_between_settle_each_supplier_once(plan, advance, units, clock):
    licences = [TradedLicence(units, clock, n, supplier=f"org_s{n}") for n in range(1, 7)]
    for licence in licences:
        licence.lane.call(2 * SCALE)
    clock.advance(seconds=1)
    plan()
    with units.begin(Reach.EXCHANGE) as uow:
        run_services.advance_run(uow, 3)
        # dies here: nothing is committed
    assert not any(settlements(units, licence.supplier) for licence in licences)
    start = threading.Barrier(3)

    def work():
        start.wait()
        while advance(1):
            pass

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while advance():
        pass
    for licence in licences:
        assert [made.settled_amount for made in settlements(units, licence.supplier)] == [SCALE]
    finished = [event for event in units.events if isinstance(event, SettlementRunFinished)]
    assert [event.settlement_count for event in finished] == [7]
    assert len([event for event in units.events if isinstance(event, SettlementMade)]) >= 7


def test_two_plans_at_once_are_one(licence, units, clock):
    licence.lane.call(2 * SCALE)
    clock.advance(seconds=1)
    start = threading.Barrier(2)
    outcomes = []

    def work():
        start.wait()
        try:
            with units.begin(Reach.EXCHANGE) as uow:
                run_services.plan_run(uow, RunPeriod("CNY", None, clock.now()), planned_by="psn_1")
                uow.commit()
            outcomes.append("planned")
        except SettlementRunOpen:
            outcomes.append("open")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["open", "planned"]


def test_a_period_that_leaves_a_gap_overlaps_or_is_not_over_is_refused(
    licence, plan, settle, clock
):
    ran = settle()
    for from_at in (ran.until_at - timedelta(seconds=1), ran.until_at + timedelta(seconds=1)):
        clock.advance(seconds=5)
        with pytest.raises(SettlementPeriodUnfit):
            plan(from_at=from_at)
    with pytest.raises(SettlementPeriodUnfit):
        plan(until_at=clock.now() + timedelta(seconds=1))
    assert plan(from_at=ran.until_at).state == "planned"


def test_the_worker_plans_last_month_of_china_s_calendar_once(licence, units, clock):
    clock.set(datetime(2026, 11, 30, 16, 30, tzinfo=UTC))  # 00:30 on 1 December in Shanghai

    def planned():
        with units.begin(Reach.EXCHANGE) as uow:
            count = run_services.plan_monthly_runs(uow)
            uow.commit()
            return count

    assert planned() == 1
    assert planned() == 0
    with units.begin(Reach.EXCHANGE) as uow:
        (run,) = settlement_queries.list_runs(
            uow.session, currency="CNY", cursor=None, limit=9
        ).items
    assert run.from_at == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert run.until_at == datetime(2026, 11, 30, 16, tzinfo=UTC)


def test_a_supplier_reads_its_own_settlements_only_and_nobody_changes_one(licence, settle, units):
    licence.lane.call(2 * SCALE)
    settle()
    (made,) = settlements(units)
    for organisation_id, count in ((SUPPLIER, 1), ("org_stranger", 0)):
        with units.begin(Reach.organisation(organisation_id)) as uow:
            seen = uow.session.scalar(text("SELECT count(*) FROM settlements"))
            assert seen == count
            assert uow.session.scalar(text("SELECT count(*) FROM settlement_runs")) == 0
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(SettlementNotFound):
        settlement_queries.get_settlement(uow.session, made.settlement_id, CONTRIBUTOR)
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError, match="refused"):
        uow.session.execute(text("UPDATE settlements SET settled_amount = 0"))


def test_the_parts_of_a_settled_month_are_those_of_its_charges(licence, settle, units):
    for amount in (1, 2, 3, 40_000_001, 99_999_999):
        licence.lane.call(amount)
    settle()
    total = licence.lane.total_amount
    assert (
        sum(balances(units)[account] for account in PARTS.values() if "payable" not in account)
        + sum(settlements(units, who)[0].period_amount for who in (SUPPLIER, CONTRIBUTOR))
        == total
    )
