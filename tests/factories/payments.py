"""An exchange that pays through the fake provider: every reaction, the worker's steps by hand."""

from app.core.ids import PersonId
from app.core.money import SCALE
from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.factory import build_parts
from app.settings import from_environment
from app.wiring.payments import payment_gateways
from app.worker.process import Paying
from ledger.journal.audit.queries import find_imbalances
from ledger.journal.books import postings
from ledger.journal.books.booking import book
from ledger.journal.books.models import JournalTransaction
from ledger.journal.payouts import services as payout_services
from ledger.journal.payouts.models import Payout
from ledger.journal.settlement import postings as settlement_postings
from ledger.journal.settlement.models import Settlement, SettlementRun
from ledger.journal.top_ups import services as top_up_services
from ledger.journal.top_ups.hosted_payment_gateway import HostedPaymentGateway
from ledger.journal.top_ups.models import TopUp
from ledger.journal.wallets.models import Wallet
from ledger.journal.wallets.services import open_accounts
from ledger.payments import account_services, inbox, queries, services
from ledger.payments.models import PaymentFinding, PaymentOperation
from tests.fakes.stripe_server import API_KEY, SECRET

BUYER, SUPPLIER = "org_buyer", "org_supplier"
PAYER = Principal("psn_buyer", BUYER, frozenset({Role.BUYER}))
OWNER = Principal("psn_owner", SUPPLIER, frozenset({Role.OWNER}))
FIRST = Principal("psn_1", "org_exchange", frozenset({Role.OPERATOR}), has_second_factor=True)
SECOND = Principal("psn_2", "org_exchange", frozenset({Role.OPERATOR}), has_second_factor=True)
AMOUNT = 1000 * SCALE
PART = 300 * SCALE
RETURN_URL = "https://exchange.example"


def payment_settings(database_url, var, server, **more):
    return from_environment(
        {
            "DATABASE_URL": database_url,
            "COUNTERFOIL_VAR": str(var),
            "COUNTERFOIL_SECRET": "the same secret in every test of a session",
            "COUNTERFOIL_LOG_LEVEL": "ERROR",
            "COUNTERFOIL_STRIPE_API_KEY": API_KEY,
            "COUNTERFOIL_STRIPE_WEBHOOK_SECRET": SECRET,
            "COUNTERFOIL_STRIPE_API_BASE": server.url,
            "COUNTERFOIL_PAYMENT_RETURN_URL": RETURN_URL,
            **more,
        }
    )


class PayingExchange:
    """Units of work with every reaction, and what the worker does at providers."""

    def __init__(self, database_url, var, server, clock):
        self.clock, self.server = clock, server
        self.parts = build_parts(payment_settings(database_url, var, server), clock=clock)
        self.units = self.parts.units
        self.gateways = payment_gateways(self.parts)
        self.stripe = self.gateways["stripe"]
        self.wait_at_most(server.patience_seconds / 2)
        self.paying = Paying(self.parts, self.gateways)
        self._number = 0

    def wait_at_most(self, seconds):
        """How long an answer of the provider is waited for."""
        self.stripe._client._requestor._client._timeout = seconds

    def close(self):
        self.parts.engine.dispose()

    # The worker

    def work(self):
        while self.paying.work():
            pass

    def sweep(self):
        self.paying.sweep()

    def deliver(self, notices):
        """Take the provider's notices in, signed at delivery as there; whether each was new."""
        taken = []
        for notice in [self.server.sign(each.event) for each in notices]:
            with self.units.begin(Reach.EXCHANGE) as uow:
                headers = {"Stripe-Signature": notice.header}
                taken.append(inbox.receive(uow, self.stripe, body=notice.body, headers=headers))
                uow.commit()
        return taken

    def work_on(self, operation_id, *states, rounds=12):
        """Work and let time pass until an operation is in one of the states; the state."""
        for pause in [60] * 2 + [1200] * rounds + [90_000] * 2:
            self.work()
            state = self.operation(operation_id).state
            if state in states:
                return state
            self.clock.advance(seconds=pause)
        return self.operation(operation_id).state

    # What people do

    def do(self, verb, *arguments, reach=Reach.EXCHANGE, **command):
        with self.units.begin(reach) as uow:
            made = verb(uow, *arguments, **command)
            uow.commit()
            return made

    def top_up(self, amount=AMOUNT, currency="CNY"):
        hosted = HostedPaymentGateway(
            "stripe",
            address_of=lambda top_up_id: f"https://exchange.example/{top_up_id}",
            check=self.stripe.check_amount,
        )
        reach = Reach.organisation(BUYER)
        request = top_up_services.request_top_up
        return self.do(request, PAYER, hosted, amount=amount, currency=currency, reach=reach)

    def session_of(self, top_up_id):
        """The checkout session of a top-up at the provider, once it is open."""
        operation = self.payment(top_up_id)
        self.work_on(operation.operation_id, "open")
        return self.payment(top_up_id).provider_reference

    def paid_top_up(self, amount=AMOUNT, **payment):
        """A top-up that was paid and told; the provider's queue is empty again."""
        top_up = self.top_up(amount)
        self.server.state.pay(self.session_of(top_up.top_up_id), **payment)
        self.deliver(self.server.take_notices())
        self.work()
        assert self.payment(top_up.top_up_id).state == "succeeded"
        return top_up

    def intent_of(self, top_up_id):
        with self.units.begin(Reach.EXCHANGE) as uow:
            operation = queries.peek_operation(uow.session, "payment", top_up_id)
            names = queries.list_references(uow.session, operation.operation_id)
        return next(name for name in names if name.startswith("pi_"))

    def approved_refund(self, top_up_id, amount=PART):
        refund = self.do(
            services.request_refund, FIRST, subject_id=top_up_id, amount=amount, reason="unspent"
        )
        self.do(services.approve, SECOND, operation_id=refund.operation_id)
        return refund

    def ready_account(self):
        """The supplier's account at the provider, verified."""
        account = self.do(
            account_services.request_payout_account,
            OWNER,
            self.stripe,
            reach=Reach.organisation(SUPPLIER),
        )
        self.work()
        self.server.state.verify_account(self.account().provider_reference)
        self.deliver(self.server.take_notices("account.updated"))
        self.work()
        assert self.account().state == "ready"
        return account

    def account(self):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return queries.find_payout_account(uow.session, SUPPLIER, "stripe")

    def approved_payout(self, amount=PART, gateway="stripe"):
        """A settled amount that two people let go; the buyer's money pays for it."""
        payout = self.do(self._payout, amount, gateway)
        self.do(payout_services.approve_payout, SECOND, payout_id=payout.payout_id)
        return payout

    def _payout(self, uow, amount, gateway):
        self._number += 1
        number, now = self._number, uow.now
        for organisation_id in (BUYER, SUPPLIER):
            open_accounts(uow, organisation_id=organisation_id)
        drafts = [
            postings.charge_order(
                order_id=f"ord_{number}",
                buyer_id=BUYER,
                supplier_id=SUPPLIER,
                amount=amount,
                currency="CNY",
                split={"supplier": 10_000, "commission": 0, "tax": 0},
            ),
            settlement_postings.settle(
                settlement_id=f"set_{number}", supplier_id=SUPPLIER, amount=amount, currency="CNY"
            ),
        ]
        for draft in drafts:
            book(uow.session, draft, occurred_at=now, booked_at=now)
        uow.session.add(_run(number, now))
        uow.session.flush()
        uow.session.add(_settlement(number, now, amount))
        uow.session.flush()
        return payout_services.request_payout(
            uow, FIRST, settlement_id=f"set_{number}", gateway=gateway
        )

    # What is there afterwards

    def payment(self, top_up_id):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return queries.peek_operation(uow.session, "payment", top_up_id)

    def transfer(self, payout_id):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return queries.peek_operation(uow.session, "transfer", payout_id)

    def operation(self, operation_id):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return queries.get_operation(uow.session, operation_id, None)

    def operations(self):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return uow.session.query(PaymentOperation).all()

    def top_up_now(self, top_up_id):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return uow.session.get(TopUp, top_up_id)

    def payout_now(self, payout_id):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return uow.session.get(Payout, payout_id)

    def effects(self):
        """How often each posting template was booked."""
        with self.units.begin(Reach.EXCHANGE) as uow:
            counts = {}
            for booked in uow.session.query(JournalTransaction):
                counts[booked.template] = counts.get(booked.template, 0) + 1
            return counts

    def balance(self, organisation_id=BUYER):
        with self.units.begin(Reach.EXCHANGE) as uow:
            wallet = uow.session.get(Wallet, (organisation_id, "CNY"))
            return wallet.balance_amount if wallet else 0

    def sum_of(self, account_id):
        with self.units.begin(Reach.EXCHANGE) as uow:
            statement = "SELECT coalesce(sum(amount), 0) FROM postings WHERE account_id = %s"
            connection = uow.session.connection()
            return int(connection.exec_driver_sql(statement, (account_id,)).scalar())

    def findings(self):
        with self.units.begin(Reach.EXCHANGE) as uow:
            found = uow.session.query(PaymentFinding).filter(PaymentFinding.resolved_at.is_(None))
            return {(finding.rule, finding.subject) for finding in found}

    def agrees(self):
        """The sweep finds nothing, and the books balance."""
        self.clock.advance(seconds=60)
        self.sweep()
        with self.units.begin(Reach.EXCHANGE) as uow:
            assert find_imbalances(uow.session) == []
        return self.findings() == set()


def _run(number, now):
    return SettlementRun(
        run_id=f"run_{number}",
        currency="CNY",
        from_at=now.replace(year=2000 + number),
        until_at=now.replace(year=2001 + number),
        horizon_posting_id=1,
        barrier_xid=1,
        minimum_amount=0,
        state="planned",
        planned_by=PersonId("psn_1"),
        planned_at=now,
        settlement_count=0,
    )


def _settlement(number, now, amount):
    return Settlement(
        settlement_id=f"set_{number}",
        run_id=f"run_{number}",
        supplier_id=SUPPLIER,
        currency="CNY",
        n=number,
        from_at=now.replace(year=2000 + number),
        until_at=now.replace(year=2001 + number),
        from_posting_id=number,
        until_posting_id=number + 1,
        opening_amount=0,
        period_amount=amount,
        settled_amount=amount,
        carried_amount=0,
        statement={},
        statement_hash=f"{number:064d}",
        settled_at=now,
    )
