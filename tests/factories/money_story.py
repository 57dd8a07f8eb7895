"""The way of a yuan, chapter by chapter: from a card to a supplier's bank, by the public API alone.

The worker's steps are the ones that the worker's process builds; what Stripe and banks do, the fake
provider and two operators do. `docs/guides/money.md` tells the same story.
"""

import base64
import json
from datetime import timedelta
from urllib.parse import urlsplit

import pyotp

from app.core.money import parse_amount
from app.worker.process import build_worker
from demo import listing, onboarding, trading
from demo.calls import Call, call, decode_receipt
from demo.http import Client
from demo.patience import wait_for
from demo.products import airports, working_days
from demo.world import World
from tests.factories.whole_exchange import register

TOP_UP, CARD_FEE_FEN, CURRENCY = "200.00", 610, "CNY"
UNIT_PRICE, PACKAGE_PRICE = "0.12345679", "39.99"
CALLED = ("ZSPD", "ZBAA", "ZGGG", "EGLL", "KJFK", "RJTT", "LFPG")
MISSED = "QQQQ"
TO_THE_BANK_FEN = 10_000
DAY = 86_400
STEPS = (
    "payments",
    "leases",
    "periods",
    "renewals",
    "settlement",
    "tally",
    "audit",
    "recognise",
    "minimums",
    "charge-backs owed",
    "recoveries",
    "bill payments",
    "dunning",
    "alerts",
    "sequence",
)
"""Everything of the worker that touches money, without a chain and without what only a month's end
brings: the story must be the same on every day of the month."""
ROUNDS_MAX = 50


class MoneyStory:
    """One buyer, one supplier, the exchange's staff, and a provider that both sides use."""

    plans: tuple[dict[str, object], ...] = (
        {"kind": "per_call", "unit": "hit", "unit_price": UNIT_PRICE},
        {
            "kind": "package",
            "unit": "call",
            "package_units": 20,
            "package_price": PACKAGE_PRICE,
            "valid_days": 90,
        },
    )
    """The airports' and the days'."""

    def __init__(self, exchange, server, clock):
        self.exchange, self.server, self.clock = exchange, server, clock
        self._steps = {step.name: step for step in build_worker(exchange.parts)._steps}
        self.world = World(exchange)
        onboarding.open_the_exchange(self.world)
        self.world.supplier = register(self.world, "supplier", "skyways", 91)
        self.world.buyer = register(self.world, "buyer", "lingang", 92)
        self._list_products()
        self.receipts = []
        self._signed_out = set()

    @property
    def buyer(self):
        return self.world.buyer.client

    @property
    def supplier(self):
        return self.world.supplier.client

    def staff(self, name):
        if name in self._signed_out:
            self._signed_out.remove(name)
            self._sign_in(self.world.staff[name])
        return self.world.staff_client(name)

    def _sign_in(self, person):
        person.sign_in(pyotp.TOTP(person.secret).at(self.clock.now()))

    def _list_products(self):
        world, exchange = self.world, self.exchange
        made = (
            (world.airports, airports, self.plans[0]),
            (world.days, working_days, self.plans[1]),
        )
        for trade, product, plan in made:
            content = product(exchange.upstream_url, exchange.upstream_key)
            priced = {**plan, "currency": CURRENCY, "calls_per_second": 500}
            listing._submit(world, trade, content | {"offers": [{"name": "A", "plans": [priced]}]})
        exchange.settle()
        listing.review_products(world)
        for trade, *_ in made:
            page = world.anybody.get(f"/v1/listings/{trade.listing_code}")
            trade.plan_id = page["plans"][0]["id"]
        trading.declare_scenarios(world)

    # The worker, and time

    def work(self):
        """Every step until none has more to do."""
        self.exchange.settle()
        for name in STEPS:
            for _ in range(ROUNDS_MAX):
                if not self._steps[name].run():
                    break
            else:
                raise AssertionError(name)

    def deliver(self):
        """What the provider tells, over HTTP and signed; then what the worker makes of it."""
        self.work()
        statuses = self.server.deliver(f"{self.exchange.base_url}/v1/payment-events/stripe")
        assert set(statuses) <= {200}
        self.work()

    def compare(self):
        """The worker's sweep: the provider's statement against the books."""
        self.clock.advance(seconds=60)
        self._steps["payment-sweep"].run()

    def let_days_pass(self, days):
        """Then everybody signs in again: nobody's session is that long; staff when needed."""
        self.clock.advance(seconds=days * DAY)
        self._signed_out = set(self.world.staff)
        for person in (self.world.buyer, self.world.supplier):
            self._sign_in(person)

    # Chapter 1: the card

    def top_up(self):
        """The buyer pays on the provider's page; nobody of the exchange does anything."""
        body = {"amount": TOP_UP, "currency": CURRENCY, "gateway": "stripe"}
        announced = self.buyer.post("/v1/top-ups", body)
        page = self.world.anybody.expect("GET", urlsplit(announced["pay_into"]).path, 303)
        session = page.headers["location"].rsplit("/", 1)[1]
        self.server.state.pay(session, fee=CARD_FEE_FEN)
        self.deliver()
        self.compare()
        paid = self.buyer.get(f"/v1/top-ups/{announced['id']}")
        assert paid["state"] == "posted"

    # Chapters 2 and 3: a package, and calls

    def order(self):
        """A package, paid at once, and a licence that pays call by call."""
        trading.place_orders(self.world)
        trading.issue_keys(self.world)

    def call(self):
        """Seven hits by the call, a miss that is free, two calls of the package."""
        hits = [self.call_airport(code) for code in CALLED]
        self.call_airport(MISSED, status=404)
        for day in ("2026-10-01", "2026-10-02"):
            self.call_day(day)
        self.receipts = [answer.headers["usage-receipt"] for answer in hits]
        self.wait_for_idle_money()

    def call_airport(self, code, status=200):
        return self._call(self.world.airports, f"icao={code}", status)

    def call_day(self, day, status=200):
        return self._call(self.world.days, f"day={day}", status)

    def _call(self, trade, query, status):
        path = f"/data/{trade.listing_code}?{query}"
        answer, _ = call(Client(self.world.base_url, trade.key), Call(path, path))
        assert answer.status == status, answer.body
        return answer

    def wait_for_idle_money(self):
        """Until what calls held of the wallet and did not use is back."""

        def is_idle():
            self.work()
            (wallet,) = self.buyer.get("/v1/wallets")["items"]
            return wallet["pending"] == "0.00000000"

        wait_for("money held for calls is back", is_idle)

    # Chapter 4: the invoices

    def invoice(self):
        """Both licences' invoices over the last day; their evidence."""
        self.clock.advance(seconds=1)
        period = {
            "from": (self.clock.now() - timedelta(days=1)).isoformat(),
            "until": self.clock.now().isoformat(),
        }
        made = [
            self.buyer.post("/v1/invoices", {"licence_id": trade.licence_id, **period})
            for trade in (self.world.airports, self.world.days)
        ]
        self.work()
        return [
            self.buyer.expect("GET", f"/v1/invoices/{each['id']}/evidence", 200).body
            for each in made
        ]

    # Chapter 5: three calls are disputed

    def dispute(self):
        """By their receipts; two are accepted in whole, one in part. The credit note's evidence."""
        disputed = self.receipts[:3]
        body = {
            "licence_id": self.world.airports.licence_id,
            "reason_code": "wrong_data",
            "text": "Three airports are not where they were said to be.",
            "calls": [{"receipt": receipt} for receipt in disputed],
        }
        opened = self.buyer.post("/v1/disputes", body)
        assert {each["finding"] for each in opened["calls"]} == {"matches"}
        path = f"/v1/disputes/{opened['id']}"
        self.supplier.post(f"{path}/answer", {"text": "Two were; one was nearly."}, expect=200)
        places = [_place(receipt) for receipt in disputed]
        accepted = [*places[:2], {**places[2], "amount": "0.05"}]
        decided = self.staff("risk-officer").post(
            f"{path}/decision", {"accepted": accepted, "text": "As compared."}, expect=200
        )
        assert (decided["state"], decided["decision"]) == ("credited", "part")
        self.work()
        credit = f"/v1/credits/{decided['credit_id']}"
        assert self.buyer.get(credit)["amount"] == decided["accepted_amount"]
        return self.buyer.expect("GET", f"{credit}/evidence", 200).body

    # Chapters 6 and 8: the supplier is settled and paid

    def register_supplier(self):
        """Where the supplier's money may go: an account at the provider, and one at a bank."""
        self.supplier.post("/v1/payout-accounts", {"gateway": "stripe"})
        self.deliver()
        self.supplier.get("/v1/payout-accounts/stripe/onboarding")
        (account,) = self.server.state.all("account")
        self.server.state.verify_account(account["id"])
        self.deliver()
        (shown,) = self.supplier.get("/v1/payout-accounts")["items"]
        assert shown["state"] == "ready"
        details = {"holder": "Skyways", "bank": "Bank of Examples", "account_number": "6222 0000"}
        self.supplier.post("/v1/bank-accounts", details)

    def settle(self):
        """An operator plans, the worker settles; the supplier's newest settlement."""
        self.clock.advance(seconds=1)
        until = {"until": self.clock.now().isoformat()}
        run = self.staff("operator-1").post("/v1/settlement-runs", until)

        def is_finished():
            self.work()
            path = f"/v1/settlement-runs/{run['id']}"
            return self.staff("auditor").get(path)["state"] == "finished"

        wait_for("the settlement run is finished", is_finished)
        return self.supplier.get("/v1/settlements", query={"limit": 1})["items"][0]

    def propose_and_approve(self, settlement, gateway):
        """Two people of two roles; the first alone gets nowhere."""
        body = {"settlement_id": settlement["id"], "gateway": gateway}
        payout = self.staff("operator-1").post("/v1/payouts", body)
        approval = f"/v1/payouts/{payout['id']}/approval"
        self.staff("operator-1").expect("POST", approval, 403, body={})
        self.staff("risk-officer").post(approval, expect=200)
        return f"/v1/payouts/{payout['id']}"

    def pay_by_stripe(self, settlement):
        """The worker sends the transfer, the provider tells that it was made."""
        payout = self.propose_and_approve(settlement, "stripe")
        self.deliver()
        self.compare()
        return self.supplier.get(payout)

    def pay_by_bank(self, settlement):
        """An operator enters it at the bank and says what the bank did."""
        payout = self.propose_and_approve(settlement, "bank_transfer")
        operator = self.staff("operator-1")
        due = operator.get(f"{payout}/instructions")
        assert (due["account_number"], due["amount"]) == ("6222 0000", settlement["settled_amount"])
        operator.post(f"{payout}/dispatch", {"provider_reference": "BANK-1"}, expect=200)
        operator.post(f"{payout}/completion", expect=200)
        self.work()
        return self.supplier.get(payout)

    # Chapter 7: the provider pays the exchange's own bank

    def bring_home(self):
        """On the provider's own schedule; the sweep finds it on the provider's statement."""
        amount = {"amount": str(TO_THE_BANK_FEN), "currency": CURRENCY.lower()}
        self.server.state.create_payout(amount)
        self.deliver()
        self.compare()

    def order_again(self):
        """The same package once more: a licence of its own."""
        days = self.world.days
        order = {
            "listing_code": days.listing_code,
            "plan_id": days.plan_id,
            "scenario_id": days.scenario["id"],
            "accept_terms": True,
        }
        self.buyer.post("/v1/orders", order)

    # What the auditor sees

    def postings(self):
        """Every posting of the exchange, oldest first, as (template, account, units)."""
        found, cursor = [], None
        while True:
            query = {"limit": 100, **({"cursor": cursor} if cursor else {})}
            page = self.staff("auditor").get("/v1/postings", query=query)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        return [
            (each["template"], self._account(each["account_id"]), parse_amount(each["amount"]))
            for each in sorted(found, key=lambda each: each["id"])
        ]

    def _account(self, account_id):
        owner, kind, currency = account_id.split("/")
        assert currency == CURRENCY
        owners = {
            "buyer": {"wallet", "receivable"},
            "supplier": {"payable", "settled"},
        }
        for side, kinds in owners.items():
            if owner == self.world.organisations[side]:
                assert kind in kinds
                return kind
        assert owner == "exchange"
        return kind

    def problems(self):
        """Frozen accounts, and where the provider and the books differ."""
        operator = self.staff("operator-1")
        return [
            *operator.get("/v1/account-freezes")["items"],
            *operator.get("/v1/payment-findings", query={"is_open": "true"})["items"],
        ]

    def imbalances(self):
        """Every rule of the books over every row; may be asked six times a minute."""
        return self.staff("auditor").get("/v1/imbalances")["items"]


def _place(receipt):
    leaf = json.loads(base64.b64decode(decode_receipt(receipt)["entry"]))
    return {"lane": leaf["lane"], "n": leaf["n"]}
