"""A plan that counts over its term and is billed by the month: exact over the term."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.money import SCALE, format_amount
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import build_reactions
from app.reactions.returned_periods import RETURNED_PERIODS
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.invoices import evidence_services as invoice_evidence_services
from ledger.journal.billing.invoices import services as invoice_services
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.credits import services as credit_services
from ledger.journal.evidence.log_lane_ledger import LogLaneLedger
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import run_services
from ledger.journal.settlement import services as settlement_services
from ledger.journal.settlement.run_services import RunPeriod
from metering import services
from metering.models import LicencePeriod
from metering.plans.replays import replay
from metering.plans.steps import turn_periods
from metering.plans.terms import read_plan
from metering.queries import get_entitlement
from tests.factories.charged_periods import PAID_IN, SUPPLIER, WALLET, ChargedPeriods
from tests.factories.metering import SPLIT, World
from tests.factories.plans import graduated, volume
from tests.factories.traded_books import balances, log_keys

CALLS = 60


def monthly(amount):
    """A commitment of a plan that counts over its term."""
    return {"period": "term", "minimum": {"amount": format_amount(amount), "period": "month"}}


def falling(amount=0):
    """24.00 for the sixty calls of the first month."""
    return graduated((40, "0.50"), (None, "0.20"), **monthly(amount))


VOLUME = volume((40, "1.00"), (70, "0.50"), (None, "0.30"), **monthly(0))
PLANS = {"falling": falling(), "volume": VOLUME}
TOTALS = {"falling": 24 * SCALE, "volume": 71 * SCALE * 3 // 10}
"""Of sixty calls; nobody pays more for them than for 71 at the volume's last step."""
MORE = {"falling": 15 * SCALE // 5, "volume": 4 * SCALE * 3 // 10}
"""What fifteen more add."""


@pytest.fixture
def world(database_url, engine, clock, ids):
    made = World(database_url, UnitOfWorkFactory(engine, clock, ids, build_reactions()), clock, ids)
    made.publish()
    yield made
    made.close()


@pytest.fixture
def licensed(world):
    def make(plan, due_amount):
        return ChargedPeriods(world, plan, calls=CALLS, due_amount=due_amount)

    return make


def close_all(licence):
    for _ in range(4):
        licence.next_month()
    assert licence.world.sql("SELECT DISTINCT state FROM licence_periods") == [("closed",)]


def paid(licence):
    """What the buyer paid in the end."""
    return PAID_IN - balances(licence.units)[WALLET]


@pytest.mark.parametrize("name", PLANS)
def test_a_term_that_ends_without_calls_gives_back_what_its_first_month_overcharged(licensed, name):
    licence = licensed(PLANS[name], TOTALS[name])
    close_all(licence)
    assert licence.returned("true_up") == licence.charged_amount - licence.due_amount
    assert paid(licence) == TOTALS[name]
    assert licence.is_sound()


@pytest.mark.parametrize("name", PLANS)
def test_units_left_over_by_a_month_are_sold_in_the_next_and_the_term_is_exact(licensed, name):
    """A second month of calls, some at the price of units that the first left idle."""
    licence = licensed(PLANS[name], TOTALS[name])
    licence.next_month()
    licence.use_one(15)
    close_all(licence)
    assert paid(licence) == TOTALS[name] + MORE[name]
    assert licence.is_sound()


def test_months_keep_their_commitment_and_nothing_is_paid_twice(licensed):
    """24.00 are below 26.00: the first month's overcharge counts as its commitment, not beside."""
    licence = licensed(falling(26 * SCALE), 24 * SCALE)
    assert licence.charged_amount > 26 * SCALE
    licence.next_month()
    licence.use_one(15)
    close_all(licence)
    last = licence.world.one("SELECT minimum_amount FROM licence_periods WHERE period = 3")
    assert 25 * SCALE < last < 26 * SCALE, "the term's end cuts the last month short"
    assert paid(licence) == 2 * 26 * SCALE + last
    assert licence.is_sound()


def test_what_a_dispute_credited_the_term_does_not_give_back_again(licensed):
    licence = licensed(falling(), 24 * SCALE)
    assert licence.credit(licence.charged).accepted_amount == licence.charged_amount
    close_all(licence)
    assert licence.returned("true_up") == 0
    assert paid(licence) == 0
    assert licence.is_sound()


def test_what_the_term_gave_back_a_dispute_does_not_credit_again(licensed):
    licence = licensed(falling(), 24 * SCALE)
    disputed = licence.dispute(licence.charged)
    close_all(licence)
    decided = licence.accept(disputed, licence.charged)
    assert (decided.accepted_amount, decided.decision) == (24 * SCALE, "part")
    assert paid(licence) == 0


def test_the_audit_finds_a_term_that_gave_its_calls_back_twice(licensed, monkeypatch):
    licence = licensed(falling(), 24 * SCALE)
    disputed = licence.dispute(licence.charged)
    close_all(licence)
    monkeypatch.setattr(credit_services, "left_of_periods", lambda *_: {})
    licence.accept(disputed, licence.charged)
    with licence.units.begin(Reach.EXCHANGE) as uow:
        (found,) = find_imbalances(uow.session, [RETURNED_PERIODS])
    assert (found.subject, found.expected) == (licence.licence_id, licence.charged_amount)


def test_a_licence_revoked_in_a_month_without_calls_is_trued_up_too(licensed):
    licence = licensed(falling(), 24 * SCALE)
    licence.next_month()
    licence.world.change(services.revoke_entitlement, licence_id=licence.licence_id)
    assert turn_periods(licence.units)
    assert paid(licence) == 24 * SCALE


def test_a_last_month_that_was_never_opened_holds_no_true_up_up(licensed):
    """Nothing looked for two months: the second closed late, the others had lapsed."""
    licence = licensed(falling(), 24 * SCALE)
    licence.world.clock.advance(seconds=100 * 86_400)
    while turn_periods(licence.units):
        pass
    licence.next_month()
    states = licence.world.sql("SELECT state FROM licence_periods ORDER BY period")
    assert states == [("closed",), ("lapsed",), ("lapsed",)]
    assert paid(licence) == 24 * SCALE


@pytest.mark.parametrize("name", PLANS)
def test_a_replay_of_the_term_under_its_own_plan_comes_to_what_was_paid(licensed, name):
    licence = licensed(PLANS[name], TOTALS[name])
    licence.next_month()
    licence.use_one(15)
    close_all(licence)
    with licence.units.begin(Reach.EXCHANGE) as uow:
        held = get_entitlement(uow.session, None, licence.licence_id)
        rows = replay(
            uow.session,
            held,
            read_plan(PLANS[name]),
            from_at=held.starts_at,
            until_at=held.ends_at + timedelta(days=1),
        )
    assert sum(row.charged_amount for row in rows) == paid(licence)
    assert sum(row.replayed_amount for row in rows) == paid(licence)


def test_invoices_and_the_statement_of_a_term_come_to_what_was_paid(licensed):
    """The last month's invoice is below zero, and each is made again as it was."""
    licence = licensed(falling(), 24 * SCALE)
    close_all(licence)
    ports = BillingPorts(LogLaneLedger(), log_keys().statements)
    months = licence.world.sql("SELECT from_at, until_at FROM licence_periods ORDER BY period")
    with licence.units.begin(Reach.EXCHANGE) as uow:
        issued = [
            invoice_services.issue_due_invoice(
                uow, ports, licence_id=licence.licence_id, from_at=from_at, until_at=until_at
            )
            for from_at, until_at in months
        ]
        run_services.plan_run(
            uow, RunPeriod("CNY", None, licence.world.clock.now()), planned_by="psn_o"
        )
        uow.commit()
    first, nothing, last = issued
    assert nothing is None
    assert (first.total_amount, last.total_amount) == (30 * SCALE, -6 * SCALE)
    with licence.units.begin(Reach.EXCHANGE) as uow:
        while run_services.advance_run(uow):
            pass
        for invoice in (first, last):
            again = invoice_evidence_services.rebuild_invoice(uow.session, ports, invoice)
            assert again == invoice.document
        settled = settlement_queries.find_last_settlement(uow.session, SUPPLIER, "CNY")
        (row,) = settled.statement["rows"]
        assert int(row["usage_amount"]) == 24 * SCALE * SPLIT["supplier"] // 10_000
        assert settlement_services.rebuild_statement(uow.session, settled) == settled.statement


def test_a_licence_whose_closing_breaks_a_constraint_holds_up_no_other(licensed):
    """The one at fault is tried again later; the worker goes on."""
    licence = licensed(falling(), 24 * SCALE)
    with licence.units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(
            text("ALTER TABLE licence_periods ADD CONSTRAINT ck_test CHECK (units IS NULL)")
        )
        uow.commit()
    licence.next_month()
    with licence.units.begin(Reach.EXCHANGE) as uow:
        period = uow.session.get(LicencePeriod, (licence.licence_id, 1))
        assert (period.state, period.try_at > uow.now) == ("open", True)
