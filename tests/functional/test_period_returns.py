"""Calls that a dispute credited and a period's true-up gave back: never more than was charged."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.money import SCALE, format_amount
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.reactions import build_reactions
from ledger.journal import postings, services
from ledger.journal.audit_queries import find_imbalances
from ledger.journal.booking import book
from ledger.journal.call_books import CallBooks
from ledger.journal.settlement import dispute_services
from ledger.journal.settlement.dispute_claims import Claim
from ledger.journal.settlement.dispute_services import AcceptedCall
from ledger.journal.settlement.errors import CreditExceedsCharge
from ledger.journal.wallet_leases import WalletLeases
from ledger.log import intake
from metering.models import LicencePeriod
from metering.plans.closing import close_period
from metering.plans.services import lock_entitlement
from metering.plans.steps import turn_periods
from metering.ports import UpstreamAnswer
from tests.factories.crossing import second_runs_into_first
from tests.factories.metering import SPLIT, World, call, per_call
from tests.factories.plans import graduated
from tests.factories.traded_books import balances, settlement_ports
from tests.fakes.metering_ports import HeldUpstream

BUYER, SUPPLIER = "org_buyer", "org_supplier"
WALLET = f"{BUYER}/wallet/CNY"
PAID_IN = 1000 * SCALE
PRICE = 33_333_338
"""No whole number of basis points, so that parts are rounded."""
FREE, CALLS = 40, 60
DAY = 86_400
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')
BUYER_PERSON = Principal("psn_b", BUYER, frozenset({Role.BUYER}))
DECIDER = Principal("psn_r", "org_x", frozenset({Role.RISK_OFFICER}), has_second_factor=True)


FREE_UNITS = per_call(free_units=FREE, unit_price=format_amount(PRICE))
STEPS = graduated((FREE, "0.50"), (None, "0.20"))
DUE = {"per_call": (CALLS - FREE) * PRICE, "graduated": 24 * SCALE}


class Period:
    """A licence's first period: two processes charged calls while better units lay idle."""

    def __init__(self, world, plan):
        self.world, self.units = world, world.units
        self.licence_id = self._license(plan)
        self._use()
        rows = world.sql("SELECT lane, n, amount FROM usage_events ORDER BY lane, n")
        self.charged = [(lane, n) for lane, n, amount in rows if amount]
        self.charged_amount = sum(amount for _, _, amount in rows)
        self.due_amount = DUE[plan["kind"]]
        assert self.charged_amount > self.due_amount, "no better unit lay idle"

    def _license(self, plan):
        is_monthly = "period" in plan
        self.licensed = self.world.license(plan, days=91 if is_monthly else 31, age_days=0)
        licence_id = self.licensed.licence_id
        with self.units.begin(Reach.EXCHANGE) as uow:
            for organisation_id in (BUYER, SUPPLIER):
                services.open_accounts(uow, organisation_id=organisation_id)
            services.note_licence(
                uow,
                licence_id=licence_id,
                order_id="ord_1",
                buyer_id=BUYER,
                supplier_id=SUPPLIER,
                currency="CNY",
                plan_hash="a" * 64,
                listing_code="S0001-ABCDEFGHJK",
                starts_at=uow.now,
                ends_at=uow.now + timedelta(days=91),
                split=SPLIT,
            )
            draft = postings.top_up(
                reference="tup_1", organisation_id=BUYER, amount=PAID_IN, currency="CNY"
            )
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
            uow.commit()
        return licence_id

    def plane(self):
        """A process, deaf to the other's wish for what it holds idle, as one that is busy."""
        plane = self.world.plane(
            HeldUpstream(HIT),
            idle_seconds=1000.0,
            wallets=WalletLeases(self.world.clock),
            books=CallBooks(),
            log=intake,
        )
        plane._calls._keeper._pause = lambda _: None
        plane._calls._keeper.give_back = lambda _: None
        return plane

    def _use(self):
        planes = [self.plane() for _ in range(2)]
        for number in range(CALLS):
            answer = call(planes[number % 2], self.licensed, {"iata": "PVG"})
            assert answer.status == 200, answer.body
        for plane in planes:
            plane.close()

    def close(self):
        """The period ends, and the worker looks."""
        self.world.clock.advance(seconds=32 * DAY)
        while turn_periods(self.units):
            pass
        assert self.world.one("SELECT state FROM licence_periods WHERE period = 1") == "closed"

    def dispute(self, calls):
        """A dispute about calls that is ready to be decided; its id."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            opened = dispute_services.open_dispute(
                uow,
                settlement_ports(),
                BUYER_PERSON,
                licence_id=self.licence_id,
                reason_code="wrong_data",
                text="The answers were wrong.",
                claims=[Claim(lane=lane, n=n) for lane, n in calls],
            )
            uow.commit()
        self.world.clock.advance(seconds=8 * DAY)
        return opened.dispute_id

    def accept(self, dispute_id, calls, amount=None):
        """The dispute decided for its calls; what was credited."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            decided = decide(uow, dispute_id, calls, amount)
            uow.commit()
            return decided

    def credit(self, calls):
        """Calls disputed and accepted whole."""
        return self.accept(self.dispute(calls), calls)

    def returned(self, template):
        """What a template gave back to the wallet."""
        statement = text(
            "SELECT coalesce(sum(p.amount), 0)::bigint FROM postings p"
            " JOIN journal_transactions t USING (transaction_id)"
            " WHERE t.template = :template AND p.account_id = :wallet"
        )
        with self.units.begin(Reach.EXCHANGE) as uow:
            given = {"template": template, "wallet": WALLET}
            return uow.session.scalar(statement, given)

    def is_sound(self):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return find_imbalances(uow.session) == []


def decide(uow, dispute_id, calls, amount=None):
    return dispute_services.decide_dispute(
        uow,
        settlement_ports(),
        DECIDER,
        dispute_id=dispute_id,
        accepted=[AcceptedCall(lane, n, amount) for lane, n in calls],
        text="They were.",
    )


@pytest.fixture
def world(database_url, engine, clock, ids):
    units = UnitOfWorkFactory(engine, clock, ids, build_reactions())
    made = World(database_url, units, clock, ids)
    made.publish()
    yield made
    made.close()


@pytest.fixture
def period(request, world):
    return Period(world, getattr(request, "param", FREE_UNITS))


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
