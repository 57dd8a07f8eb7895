"""A wallet under any interleaving of top-ups, leases, calls, orders and settlements."""

import itertools

import psycopg
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

from app.core.reach import Reach
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.call_books import CallBooks
from ledger.journal.books.errors import LeaseOverspent
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import services as wallet_services
from ledger.journal.wallets.errors import InsufficientFunds
from ledger.journal.wallets.leases import WalletLeases
from metering.ports import CallRun

SPLIT = {"supplier": 8400, "commission": 1000, "tax": 600}
amounts = st.integers(1, 500)


class WalletMachine(RuleBasedStateMachine):
    """One buyer and one supplier per run; the database and its books are the same for all."""

    @initialize()
    def open(self):
        self.run = next(self.runs)
        self.buyer, self.supplier = f"org_b{self.run}", f"org_s{self.run}"
        self.connection = psycopg.connect(
            self.database_url, options="-c counterfoil.reach=exchange"
        )
        self.leases = WalletLeases(self.clock)
        self.balance, self.number, self.total = 0, 0, 0
        self.open_leases = {}
        with self.units.begin(Reach.EXCHANGE) as uow:
            for organisation_id in (self.buyer, self.supplier):
                wallet_services.open_accounts(uow, organisation_id=organisation_id)
            uow.commit()

    def teardown(self):
        if hasattr(self, "connection"):
            self.connection.close()

    def _next(self):
        self.number += 1
        return self.number

    @property
    def available(self):
        return self.balance - sum(granted for granted, _ in self.open_leases.values())

    @rule(amount=amounts)
    def top_up(self, amount):
        with self.units.begin(Reach.EXCHANGE) as uow:
            draft = postings.top_up(
                reference=f"tup_{self.run}_{self._next()}",
                organisation_id=self.buyer,
                amount=amount,
                currency="CNY",
            )
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
            uow.commit()
        self.balance += amount

    @rule(amount=amounts)
    def order(self, amount):
        with self.units.begin(Reach.EXCHANGE) as uow:
            try:
                trading_services.charge_order(
                    uow,
                    order_id=f"ord_{self.run}_{self._next()}",
                    buyer_id=self.buyer,
                    supplier_id=self.supplier,
                    amount=amount,
                    currency="CNY",
                    split=SPLIT,
                )
                uow.commit()
            except InsufficientFunds:
                assert amount > self.available
                return
        assert amount <= self.available
        self.balance -= amount

    @rule(wanted=amounts, least=amounts)
    def reserve(self, wanted, least):
        wanted, least = max(wanted, least), min(wanted, least)
        lease_id = f"lse_{self.run}_{self._next()}"
        with self.connection.transaction():
            granted = self.leases.reserve(
                self.connection,
                organisation_id=self.buyer,
                currency="CNY",
                wanted_amount=wanted,
                least_amount=least,
                lease_id=lease_id,
            )
        assert granted == min(wanted, self.available) // least * least
        if granted:
            self.open_leases[lease_id] = (granted, 0)

    @precondition(lambda self: self.open_leases)
    @rule(amount=amounts, data=st.data())
    def call(self, amount, data):
        lease_id = data.draw(st.sampled_from(sorted(self.open_leases)))
        granted, spent = self.open_leases[lease_id]
        n = self._next()
        try:
            with self.connection.transaction(), self.connection.cursor() as cursor:
                run = CallRun(
                    lane_id=f"lan_{self.run}",
                    licence_id="lic_1",
                    buyer_id=self.buyer,
                    supplier_id=self.supplier,
                    currency="CNY",
                    lease_id=lease_id,
                    first_n=n,
                    last_n=n,
                    amount=amount,
                    total_amount_before=self.total,
                    split=SPLIT,
                )
                CallBooks().post_runs(cursor, [run], booked_at=self.clock.now())
        except LeaseOverspent:
            assert spent + amount > granted
            return
        assert spent + amount <= granted
        self.total += amount
        self.open_leases[lease_id] = (granted, spent + amount)

    @precondition(lambda self: self.open_leases)
    @rule(data=st.data())
    def settle(self, data):
        lease_id = data.draw(st.sampled_from(sorted(self.open_leases)))
        _, spent = self.open_leases.pop(lease_id)
        with self.connection.transaction():
            self.leases.settle(self.connection, lease_id=lease_id, spent_amount=spent)
        self.balance -= spent

    @invariant()
    def the_wallet_is_the_model(self):
        if not hasattr(self, "connection"):
            return
        row = self.connection.execute(
            "SELECT balance_amount, pending_amount FROM wallets WHERE organisation_id = %s",
            (self.buyer,),
        ).fetchone()
        self.connection.rollback()
        assert row == (self.balance, self.balance - self.available)


def test_no_interleaving_oversells_strands_or_unbalances(units, database_url, clock):
    class BoundMachine(WalletMachine):
        runs = itertools.count()

    BoundMachine.units, BoundMachine.database_url, BoundMachine.clock = units, database_url, clock
    run_state_machine_as_test(
        BoundMachine,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with units.begin(Reach.EXCHANGE) as uow:
        assert find_imbalances(uow.session) == []
