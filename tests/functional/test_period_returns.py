"""Calls that a dispute credited and a period's true-up gave back: never more than was charged."""

import pytest

from app.core.money import SCALE, format_amount
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import build_reactions
from app.reactions.returned_periods import RETURNED_PERIODS
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books.booking import book
from ledger.journal.credits import services as credit_services
from ledger.journal.credits.errors import CreditExceedsCharge
from ledger.journal.freezes import services as freeze_services
from ledger.journal.periods import postings as period_postings
from metering.models import LicencePeriod
from metering.plans.closing import close_period
from metering.plans.services import lock_entitlement
from tests.factories.charged_periods import DAY, PAID_IN, WALLET, ChargedPeriods, decide
from tests.factories.crossing import second_runs_into_first
from tests.factories.metering import SPLIT, World, call, per_call
from tests.factories.plans import graduated
from tests.factories.traded_books import balances

PRICE = 33_333_338
"""No whole number of basis points, so that parts are rounded."""
FREE, CALLS = 40, 60
FREE_UNITS = per_call(free_units=FREE, unit_price=format_amount(PRICE))
STEPS = graduated((FREE, "0.50"), (None, "0.20"))
DUE = {"per_call": (CALLS - FREE) * PRICE, "graduated": 24 * SCALE}


@pytest.fixture
def world(database_url, engine, clock, ids):
    units = UnitOfWorkFactory(engine, clock, ids, build_reactions())
    made = World(database_url, units, clock, ids)
    made.publish()
    yield made
    made.close()


@pytest.fixture
def period(request, world):
    plan = getattr(request, "param", FREE_UNITS)
    return ChargedPeriods(world, plan, calls=CALLS, due_amount=DUE[plan["kind"]])


either_plan = pytest.mark.parametrize(
    "period", [FREE_UNITS, STEPS], ids=["free-units", "steps"], indirect=True
)


def only_the_wallet_holds_what_was_paid_in(units):
    """Whoever received of the calls gave it back: the buyer has all, the parts sum to nothing.

    A true-up is split as one amount, so a part may be off by one unit of 10⁻⁸.
    """
    held = balances(units)
    parts = {name: held[name] for name in held if name not in {WALLET, "exchange/bank/CNY"}}
    is_rounding = sum(parts.values()) == 0 and all(abs(each) <= 1 for each in parts.values())
    return held[WALLET] == PAID_IN and is_rounding


@either_plan
def test_what_a_dispute_credited_the_closing_does_not_give_back_again(period, units):
    assert period.credit(period.charged).accepted_amount == period.charged_amount
    period.close()
    assert period.returned("true_up") == 0
    assert only_the_wallet_holds_what_was_paid_in(units)
    assert period.is_sound()


@either_plan
def test_what_the_closing_gave_back_a_dispute_does_not_credit_again(period, units):
    period.close()
    assert period.returned("true_up") == period.charged_amount - period.due_amount
    decided = period.credit(period.charged)
    assert (decided.accepted_amount, decided.decision) == (period.due_amount, "part")
    assert only_the_wallet_holds_what_was_paid_in(units)
    assert period.is_sound()


def test_the_closing_gives_back_what_a_dispute_left(period, units):
    """All calls but one were credited before, and half of that one's charge."""
    *most, last = period.charged
    period.credit(most)
    period.accept(period.dispute([last]), [last], amount=PRICE // 2)
    period.close()
    assert period.returned("true_up") == PRICE // 2
    assert only_the_wallet_holds_what_was_paid_in(units)


def test_a_call_is_credited_whole_while_its_period_cost_something(period, units):
    """Free units go to the calls that were in order: a wrong one costs nothing, either way."""
    first, second = period.charged[:2]
    period.credit([first])
    period.close()
    period.credit([second])
    assert period.returned("credit") == 2 * PRICE
    assert balances(units)[WALLET] == PAID_IN - period.due_amount + 2 * PRICE


def test_beyond_what_a_period_cost_nothing_is_credited(period, units):
    *most, half, last = period.charged[: period.due_amount // PRICE + 1]
    period.close()
    period.credit(most)
    period.accept(period.dispute([half]), [half], amount=PRICE // 2)
    disputed = period.dispute([last])
    with pytest.raises(CreditExceedsCharge) as refused:
        period.accept(disputed, [last], amount=PRICE // 2 + 1)
    assert refused.value.facts["left_amount"] == format_amount(PRICE // 2)
    assert period.accept(disputed, [last]).accepted_amount == PRICE // 2
    spare = period.charged[-1]
    nothing = period.credit([spare])
    assert (nothing.state, nothing.accepted_amount, nothing.credit_id) == ("accepted", 0, None)
    assert balances(units)[WALLET] == PAID_IN


RULE = "period_gives_back_at_most_its_charge"


def audited(units):
    """What the rule finds, after the live audit looked at every stretch once."""
    with units.begin(Reach.EXCHANGE) as uow:
        frozen = freeze_services.audit_next(uow, [RETURNED_PERIODS])
        found = find_imbalances(uow.session, [RETURNED_PERIODS])
        assert frozen == len(found)
        return [(each.rule, each.expected, each.found) for each in found]


def test_the_audit_finds_a_period_that_a_credit_and_a_true_up_gave_back_twice(
    period, units, monkeypatch
):
    """As credits were given before they looked at true-ups."""
    period.close()
    assert audited(units) == []
    monkeypatch.setattr(credit_services, "left_of_periods", lambda *_: {})
    period.credit(period.charged)
    given = period.charged_amount - period.due_amount + period.charged_amount
    assert audited(units) == [(RULE, period.charged_amount, given)]


def test_the_audit_finds_a_second_true_up_of_a_period(period, units):
    period.close()
    with units.begin(Reach.EXCHANGE) as uow:
        draft = period_postings.true_up(
            reference=f"{period.licence_id}:1:again",
            buyer_id="org_buyer",
            supplier_id="org_supplier",
            amount=period.charged_amount,
            currency="CNY",
            split=SPLIT,
        )
        book(
            uow.session,
            draft,
            occurred_at=uow.now,
            booked_at=uow.now,
            licence_id=period.licence_id,
        )
        uow.commit()
    given = 2 * period.charged_amount - period.due_amount
    assert audited(units) == [(RULE, period.charged_amount, given)]


@pytest.mark.parametrize("is_credited_first", [True, False])
def test_a_decision_and_a_closing_at_once_give_back_what_was_charged(
    period, units, is_credited_first
):
    disputed = period.dispute(period.charged)
    period.world.clock.advance(seconds=32 * DAY)

    def credit(uow):
        decide(uow, disputed, period.charged)

    def close(uow):
        entitlement = lock_entitlement(uow.session, period.licence_id)
        found = uow.session.get(LicencePeriod, (period.licence_id, 1))
        assert close_period(uow, entitlement, found)

    first, second = (credit, close) if is_credited_first else (close, credit)
    second_runs_into_first(period.units, first, second)
    assert only_the_wallet_holds_what_was_paid_in(units)


@pytest.mark.parametrize("period", [STEPS], indirect=True)
def test_what_a_month_gave_back_bounds_no_credit_of_the_next(period, units):
    period.close()
    period.credit(period.charged)
    assert balances(units)[WALLET] == PAID_IN
    plane = period.plane()
    answer = call(plane, period.licensed, {"iata": "PVG"})
    place = (answer.leaf["lane"], answer.leaf["n"])
    plane.close()
    assert period.credit([place]).accepted_amount == int(answer.leaf["amount"]) == SCALE // 2
    assert balances(units)[WALLET] == PAID_IN
