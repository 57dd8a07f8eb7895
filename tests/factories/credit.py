"""Buying on credit by hand: a line of two people's words, orders, payments, the month's work."""

from app.core.money import SCALE
from app.core.principals import Principal, Role
from ledger.journal.billing.credit_bills import dunning_services
from ledger.journal.billing.credit_bills import payment_services as bill_payment_services
from ledger.journal.billing.credit_bills import queries as credit_bill_queries
from ledger.journal.billing.credit_lines import services as credit_line_services
from ledger.journal.billing.runs import services as billing_run_services
from ledger.journal.books import cursors, postings
from ledger.journal.books.booking import book
from ledger.journal.trading import services as trading_services
from ledger.journal.wallets import queries
from ledger.journal.wallets import services as wallet_services
from tests.factories.billing import SPLIT, statement_ports

BUYER, SUPPLIER = "org_buyer", "org_supplier"


def operator(number):
    return Principal(f"psn_{number}", "org_x", frozenset({Role.OPERATOR}), has_second_factor=True)


class OnCredit:
    """One buyer that buys on credit in a currency; each step is a unit of work of its own."""

    def __init__(self, in_unit, clock, currency="CNY"):
        self.in_unit, self.clock, self.currency = in_unit, clock, currency
        for organisation_id in (BUYER, SUPPLIER):
            in_unit(
                lambda uow, who=organisation_id: wallet_services.open_accounts(
                    uow, organisation_id=who, currency=currency
                )
            )

    def lend(self, limit, *, dunning=None):
        """A line in force, due after 14 days; raises what its approval raises."""
        proposed = self.in_unit(
            lambda uow: credit_line_services.propose_credit_line(
                uow,
                operator(1),
                organisation_id=BUYER,
                currency=self.currency,
                limit_amount=limit * SCALE,
                due_days=14,
                reason="Audited accounts of 2025",
                dunning=dunning,
            )
        )
        return self.in_unit(
            lambda uow: credit_line_services.approve_credit_line(
                uow, operator(2), credit_line_id=proposed.credit_line_id
            )
        )

    def buy(self, amount, order_id):
        self.in_unit(
            lambda uow: trading_services.charge_order(
                uow,
                order_id=order_id,
                buyer_id=BUYER,
                supplier_id=SUPPLIER,
                amount=amount * SCALE,
                currency=self.currency,
                split=SPLIT,
            )
        )

    def receive(self, amount, reference):
        """Money comes into the wallet."""

        def step(uow):
            draft = postings.top_up(
                reference=reference,
                organisation_id=BUYER,
                amount=amount * SCALE,
                currency=self.currency,
            )
            book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)

        self.in_unit(step)
        self.settle()

    def match(self):
        """What came in is given to the bills that wait for it."""
        self.in_unit(bill_payment_services.match_payments)

    def pay(self, amount, reference):
        self.receive(amount, reference)
        self.match()

    def settle(self):
        """Looks until everything booked so far is behind the cursor."""
        for _ in range(3):
            self.in_unit(cursors.tally)

    def bill(self, at):
        """It is ``at``, and the months that are over are billed."""
        self.settle()
        self.clock.set(at)
        self.in_unit(billing_run_services.start_due_runs)
        ports = statement_ports()
        while self.in_unit(lambda uow: billing_run_services.work_on_run(uow, ports)):
            pass

    def chase(self, at):
        self.clock.set(at)
        return self.in_unit(dunning_services.chase)

    @property
    def bills(self):
        page = self.in_unit(
            lambda uow: credit_bill_queries.list_bills(
                uow.session, BUYER, at=uow.now, cursor=None, limit=9
            )
        )
        own = [bill for bill in page.items if bill.currency == self.currency]
        return sorted(own, key=lambda bill: bill.month)

    @property
    def wallet(self):
        return self.in_unit(
            lambda uow: queries.find_wallet_for_update(uow.session, BUYER, self.currency)
        )
