"""Two subscriptions from their orders to their ends: one with overage, one that stops.

The same exchange as the way of a yuan, without a provider: the buyer pays by bank transfer.
`docs/guides/money.md` has the sums.
"""

from demo import trading
from demo.onboarding import in_days
from tests.factories.money_story import MoneyStory

OVERAGE = "0.12345679"
FEES = {"airports": "30.00", "days": "12.34"}
MONTH_AND_A_BIT = 32
"""Days: in the next period, wherever in the calendar the test runs, and never in the one after."""


class SubscriptionStory(MoneyStory):
    """One buyer with two licences, over three periods of the one and two of the other."""

    plans = (
        {
            "kind": "subscription",
            "unit": "hit",
            "period": "month",
            "period_fee": FEES["airports"],
            "included_units": 3,
            "overage_price": OVERAGE,
        },
        {
            "kind": "subscription",
            "unit": "call",
            "period": "month",
            "period_fee": FEES["days"],
            "included_units": 2,
        },
    )

    def order(self):
        """Both, and keys that last as long as the story."""
        trading.top_up(self.world)
        trading.place_orders(self.world)
        for trade in (self.world.airports, self.world.days):
            key = {"licence_id": trade.licence_id, "name": "planner", "expires_at": in_days(170)}
            trade.key = self.buyer.post("/v1/api-keys", key)["text"]
        self.work()

    def let_a_period_pass(self):
        """Time, and what the worker makes of it until every call's money is settled."""
        self.let_days_pass(MONTH_AND_A_BIT)
        self.wait_for_idle_money()

    def renew(self, trade, is_renewing):
        """The buyer's word; the entitlement as it is then."""
        path = f"/v1/entitlements/{trade.licence_id}/renewal"
        return self.buyer.expect("PUT", path, 200, body={"is_renewing": is_renewing}).json

    def entitlement(self, trade):
        """What the buyer is shown of its right: the present period, and what is left of it."""
        return self.buyer.get(f"/v1/entitlements/{trade.licence_id}")

    def state(self, trade):
        """How the licence stands, and why."""
        licence = self.buyer.get(f"/v1/licences/{trade.licence_id}")
        return licence["state"], licence["reason_code"]

    def invoice_of(self, trade, period):
        """The invoice of a period that is over, and its evidence."""
        bounds = {"from": period["from_at"], "until": period["until_at"]}
        made = self.buyer.post("/v1/invoices", {"licence_id": trade.licence_id, **bounds})
        self.work()
        evidence = self.buyer.expect("GET", f"/v1/invoices/{made['id']}/evidence", 200).body
        return made, evidence
