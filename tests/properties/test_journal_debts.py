"""A debt in any order of purchases, payments, charge-backs, write-offs and what comes in later."""

import itertools

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from app.core.principals import Principal, Role
from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.billing.credit_lines import services as credit_line_services
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.chart import receivable_of
from ledger.journal.books.models import PostedLine
from ledger.journal.charge_backs import owed_returns
from ledger.journal.charge_backs import services as charge_back_services
from ledger.journal.periods import services as period_services
from ledger.journal.top_ups import services as top_up_services
from ledger.journal.top_ups.hosted_payment_gateway import HostedPaymentGateway
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import services as wallet_services
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.models import Wallet
from ledger.journal.write_offs import queries as write_off_queries
from ledger.journal.write_offs import recoveries
from ledger.journal.write_offs import services as write_off_services
from ledger.journal.write_offs.errors import DebtChanged, NothingOwed
from ledger.journal.write_offs.models import WriteOff

SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
FEN, LIMIT = 10**6, 300 * 10**6
FIRST, SECOND = (
    Principal(f"psn_{name}", "org_exchange", frozenset({Role.OPERATOR}), has_second_factor=True)
    for name in ("first", "second")
)
CARDS = HostedPaymentGateway("stripe", address_of=str, check=lambda *_: None)
amounts = st.integers(1, 500 * FEN)
whole = st.integers(1, 500).map(lambda fen: fen * FEN)


class DebtMachine(RuleBasedStateMachine):
    """One buyer per run; the database and its books are the same for all.

    The model is one sum: what came in and is not taken back, less what was bought and committed.
    """

    @initialize(paid=whole, share=st.integers(0, 100))
    def open(self, paid, share):
        run = next(self.runs)
        self.buyer, self.supplier = f"org_b{run}", f"org_s{run}"
        self.numbers = (f"{run}_{number}" for number in itertools.count())
        self.net, self.proposed = 0, None
        self.cards, self.disputes = {}, {}
        for organisation_id in (self.buyer, self.supplier):
            self.do(wallet_services.open_accounts, organisation_id=organisation_id)
        # A card that is taken back when a part is spent is where most debts begin.
        self.pay_by_card(paid)
        if spent := paid * share // 100:
            self.buy(spent)
        self.take_back(*self.cards.popitem())

    def do(self, verb, *arguments, **named):
        with self.units.begin(Reach.EXCHANGE) as uow:
            made = verb(uow, *arguments, **named)
            uow.commit()
            return made

    def read(self, question):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return question(uow.session)

    def wallet(self):
        return self.read(
            lambda session: session.scalars(
                select(Wallet).where(Wallet.organisation_id == self.buyer)
            ).one()
        )

    def debts(self):
        return self.read(lambda session: write_off_queries.list_debts(session, self.buyer, "CNY"))

    def write_offs(self):
        return self.read(
            lambda session: session.scalars(
                select(WriteOff).where(
                    WriteOff.organisation_id == self.buyer, WriteOff.decided_at.is_not(None)
                )
            ).all()
        )

    # What a buyer does

    @precondition(lambda self: self.wallet().credit_limit_amount == 0)
    @rule()
    def borrow(self):
        line = self.do(
            credit_line_services.propose_credit_line,
            FIRST,
            organisation_id=self.buyer,
            currency="CNY",
            limit_amount=LIMIT,
            due_days=14,
            reason="Audited accounts",
        )
        self.do(
            credit_line_services.approve_credit_line, SECOND, credit_line_id=line.credit_line_id
        )

    @rule(amount=amounts)
    def buy(self, amount):
        available = self.wallet().available_amount
        try:
            self.do(
                trading_services.charge_order,
                order_id=f"ord_{next(self.numbers)}",
                buyer_id=self.buyer,
                supplier_id=self.supplier,
                amount=amount,
                currency="CNY",
                split=SPLIT,
            )
        except InsufficientFunds:
            assert amount > available
            return
        assert amount <= available
        self.net -= amount

    @rule(amount=amounts)
    def commit_to_more_than_is_used(self, amount):
        self.do(
            period_services.adjust_period,
            licence_id=f"lic_{next(self.numbers)}",
            buyer_id=self.buyer,
            supplier_id=self.supplier,
            period="1",
            currency="CNY",
            split=SPLIT,
            excess_amount=0,
            missing_amount=amount,
        )
        self.net -= amount

    @rule(amount=amounts)
    def pay(self, amount):
        draft = postings.top_up(
            reference=f"pay_{next(self.numbers)}",
            organisation_id=self.buyer,
            amount=amount,
            currency="CNY",
        )
        self.do(lambda uow: book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now))
        self.net += amount

    @rule(amount=whole)
    def pay_by_card(self, amount):
        payer = Principal("psn_payer", self.buyer, frozenset({Role.BUYER}))
        made = self.do(top_up_services.request_top_up, payer, CARDS, amount=amount, currency="CNY")
        self.do(
            top_up_services.credit_top_up,
            made.top_up_id,
            amount=amount,
            gateway="stripe",
            provider_reference=f"pi_{next(self.numbers)}",
        )
        self.cards[made.top_up_id] = amount
        self.net += amount

    # What its bank does

    @precondition(lambda self: self.cards)
    @rule(data=st.data())
    def charge_back(self, data):
        top_up_id = data.draw(st.sampled_from(sorted(self.cards)))
        left = self.cards.pop(top_up_id)
        self.take_back(top_up_id, data.draw(st.integers(1, left // FEN)) * FEN)

    def take_back(self, top_up_id, amount):
        reference = f"dp_{next(self.numbers)}"
        self.do(
            charge_back_services.note_disputed,
            top_up_id=top_up_id,
            amount=amount,
            gateway="stripe",
            provider_reference=reference,
        )
        self.disputes[reference] = amount
        self.net -= amount

    @precondition(lambda self: self.disputes)
    @rule(data=st.data(), is_lost=st.booleans())
    def close_dispute(self, data, is_lost):
        reference = data.draw(st.sampled_from(sorted(self.disputes)))
        amount = self.disputes.pop(reference)
        self.do(
            charge_back_services.note_dispute_closed,
            gateway="stripe",
            provider_reference=reference,
            is_lost=is_lost,
        )
        self.net += 0 if is_lost else amount

    # What the exchange does

    @precondition(lambda self: not self.proposed)
    @rule()
    def propose(self):
        owed = sum(debt.amount for debt in self.debts())
        arguments = {"organisation_id": self.buyer, "currency": "CNY", "reason": "Insolvent."}
        try:
            self.proposed = self.do(write_off_services.propose_write_off, FIRST, **arguments)
        except NothingOwed:
            assert owed == 0
        else:
            assert self.proposed.amount == owed > 0

    @precondition(lambda self: self.proposed)
    @rule(approves=st.sampled_from([True, True, True, False]))
    def decide(self, approves):
        owed = sum(debt.amount for debt in self.debts())
        verb = (
            write_off_services.approve_write_off
            if approves
            else write_off_services.decline_write_off
        )
        try:
            self.do(verb, SECOND, write_off_id=self.proposed.write_off_id)
        except DebtChanged:
            assert owed != self.proposed.amount
            return
        assert not approves or (owed == self.proposed.amount and self.debts() == [])
        self.proposed = None

    @precondition(lambda self: not self.proposed)
    @rule()
    def give_up(self):
        self.propose()
        if self.proposed:
            self.decide(approves=True)

    @rule(amount=amounts)
    def pay_after_all(self, amount):
        self.pay(amount)
        self.recover()

    @rule()
    def collect_charge_backs(self):
        while self.do(owed_returns.collect_owed):
            pass

    @rule()
    def collect_minimums(self):
        self.do(period_services.collect_minimums)

    @rule()
    def recover(self):
        while self.do(recoveries.recover_next):
            pass
        outstanding = sum(each.outstanding_amount for each in self.standing())
        assert outstanding == 0 or self.wallet().balance_amount <= 0

    def standing(self):
        return [each for each in self.write_offs() if each.state in {"written_off", "recovered"}]

    # What holds whatever came first

    @invariant()
    def nothing_is_lost_and_nothing_below_zero(self):
        if not hasattr(self, "buyer"):
            return
        wallet, standing = self.wallet(), self.standing()
        receivable = self.read(
            lambda session: session.scalar(
                select(func.coalesce(func.sum(PostedLine.amount), 0)).where(
                    PostedLine.account_id == receivable_of(self.buyer, "CNY")
                )
            )
        )
        owed = sum(debt.amount for debt in self.debts())
        outstanding = sum(each.outstanding_amount for each in standing)
        assert wallet.balance_amount + receivable - outstanding == self.net
        assert wallet.balance_amount >= -wallet.credit_limit_amount
        assert receivable <= 0
        assert owed == max(-wallet.balance_amount, 0) - receivable
        for each in standing:
            assert 0 <= each.recovered_amount <= each.amount
            assert (each.state == "recovered") == (each.recovered_amount == each.amount)


def test_no_order_of_debt_payment_and_write_off_loses_or_invents_money(units):
    class BoundMachine(DebtMachine):
        runs = itertools.count()

    BoundMachine.units = units
    run_state_machine_as_test(
        BoundMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with units.begin(Reach.EXCHANGE) as uow:
        assert find_imbalances(uow.session) == []
