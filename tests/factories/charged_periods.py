"""A licence's periods with real books: two processes charge calls while better units lie idle."""

from datetime import timedelta

from sqlalchemy import text

from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.reactions.returned_periods import RETURNED_PERIODS
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.call_books import CallBooks
from ledger.journal.disputes import services as dispute_services
from ledger.journal.disputes.claims import Claim
from ledger.journal.disputes.services import AcceptedCall
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import services as wallet_services
from ledger.journal.wallets.leases import WalletLeases
from ledger.log import intake
from metering.plans.steps import turn_periods
from metering.ports import UpstreamAnswer
from tests.factories.metering import SPLIT, call
from tests.factories.traded_books import evidence_ports
from tests.fakes.metering_ports import HeldUpstream

BUYER, SUPPLIER = "org_buyer", "org_supplier"
WALLET = f"{BUYER}/wallet/CNY"
PAID_IN = 1000 * SCALE
DAY = 86_400
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')
BUYER_PERSON = Principal("psn_b", BUYER, frozenset({Role.BUYER}))
DECIDER = Principal("psn_r", "org_x", frozenset({Role.RISK_OFFICER}), has_second_factor=True)


class ChargedPeriods:
    """A licence of three months, or one; its first calls are charged by two processes."""

    def __init__(self, world, plan, *, calls, due_amount):
        self.world, self.units = world, world.units
        self.licence_id = self._license(plan)
        self.use_two(calls)
        self.due_amount = due_amount
        assert self.charged_amount > self.due_amount, "no better unit lay idle"

    @property
    def charged(self):
        """Lane and n of every call that cost something."""
        return [(lane, n) for lane, n, amount in self._calls() if amount]

    @property
    def charged_amount(self):
        """What all calls were charged."""
        return sum(amount for _, _, amount in self._calls())

    def _calls(self):
        return self.world.sql("SELECT lane, n, amount FROM usage_events ORDER BY lane, n")

    def _license(self, plan):
        is_monthly = "period" in plan  # its own, or its commitment's
        self.licensed = self.world.license(plan, days=91 if is_monthly else 31, age_days=0)
        enter_in_books(self.world, self.licensed.licence_id)
        return self.licensed.licence_id

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
        plane._calls._keeper._close_recalled = lambda _: None
        return plane

    def use_two(self, calls):
        """Calls of two processes, each deaf to what the other lacks.

        One holds what it leased for its first call until its last: idle while the other charges.
        """
        idle, busy = self.plane(), self.plane()
        self._use([idle, *[busy] * (calls - 2), idle])

    def use_one(self, calls):
        """Calls that one process serves."""
        self._use([self.plane()] * calls)

    def _use(self, planes):
        for plane in planes:
            answer = call(plane, self.licensed, {"iata": "PVG"})
            assert answer.status == 200, answer.body
        for plane in dict.fromkeys(planes):
            plane.close()

    def close(self):
        """The period ends, and the worker looks."""
        self.next_month()
        assert self.world.one("SELECT state FROM licence_periods WHERE period = 1") == "closed"

    def next_month(self):
        """Time goes on for more than a month, and the worker looks."""
        self.world.clock.advance(seconds=32 * DAY)
        while turn_periods(self.units):
            pass

    def dispute(self, calls):
        """A dispute about calls that is ready to be decided; its id."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            opened = dispute_services.open_dispute(
                uow,
                evidence_ports(),
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
            return find_imbalances(uow.session, [RETURNED_PERIODS]) == []


def enter_in_books(world, licence_id, paid_in=PAID_IN):
    """A licence's parties as the journal knows them, and a buyer that has paid in."""
    with world.units.begin(Reach.EXCHANGE) as uow:
        for organisation_id in (BUYER, SUPPLIER):
            wallet_services.open_accounts(uow, organisation_id=organisation_id)
        trading_services.note_licence(
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
            reference="tup_1", organisation_id=BUYER, amount=paid_in, currency="CNY"
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
        uow.commit()


def decide(uow, dispute_id, calls, amount=None):
    return dispute_services.decide_dispute(
        uow,
        evidence_ports(),
        DECIDER,
        dispute_id=dispute_id,
        accepted=[AcceptedCall(lane, n, amount) for lane, n in calls],
        text="They were.",
    )
