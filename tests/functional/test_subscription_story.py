"""A sold subscription from its order to its last period's end: every figure to 10⁻⁸, by hand.

`docs/guides/money.md` shows the same table.
"""

from collections import Counter

import pytest

from app.core.money import SCALE, parse_amount
from tests.factories.subscription_story import SubscriptionStory
from tests.factories.whole_exchange import WholeExchange
from tests.fakes.clock import GoingClock
from tests.functional.test_money_story import rows_of_guide, statement_holds, verified

BOOKED = {
    "order": {
        ("top_up", "wallet"): 100_000_000_000,
        ("charge_period", "wallet"): -4_234_000_000,
        ("charge_period", "payable"): 3_556_560_000,
        ("charge_period", "commission"): 423_400_000,
        ("charge_period", "tax"): 254_040_000,
    },
    "first period": {
        ("accrue_calls", "wallet"): -24_691_358,
        ("accrue_calls", "payable"): 20_740_741,
        ("accrue_calls", "commission"): 2_469_136,
        ("accrue_calls", "tax"): 1_481_481,
    },
    "second period": {
        ("charge_period", "wallet"): -4_234_000_000,
        ("charge_period", "payable"): 3_556_560_000,
        ("charge_period", "commission"): 423_400_000,
        ("charge_period", "tax"): 254_040_000,
        ("accrue_calls", "wallet"): -12_345_679,
        ("accrue_calls", "payable"): 10_370_370,
        ("accrue_calls", "commission"): 1_234_568,
        ("accrue_calls", "tax"): 740_741,
    },
    "third period": {
        ("charge_period", "wallet"): -3_000_000_000,
        ("charge_period", "payable"): 2_520_000_000,
        ("charge_period", "commission"): 300_000_000,
        ("charge_period", "tax"): 180_000_000,
    },
    "end": {},
    "invoices": {
        ("invoice_rounding", "receivable"): 37_037,
        ("invoice_rounding", "rounding"): -37_037,
    },
    "settlement": {
        ("settle", "payable"): -9_664_000_000,
        ("settle", "settled"): 9_664_000_000,
    },
}
"""What each chapter adds, by template and account, in 10⁻⁸ yuan; the bank's side is left out."""

CLOSING = {
    "wallet": 88_494_962_963,
    "payable": 231_111,
    "settled": 9_664_000_000,
    "commission": 1_150_503_704,
    "tax": 690_302_222,
    "bank": -100_000_000_000,
    "receivable": 37_037,
    "rounding": -37_037,
}
"""What each account holds at the end."""


@pytest.fixture
def story(database_url, tmp_path):
    clock = GoingClock()
    exchange = WholeExchange(
        database_url, tmp_path / "var", clock=clock, COUNTERFOIL_LEASE_SECONDS="1"
    )
    try:
        yield SubscriptionStory(exchange, None, clock)
    finally:
        exchange.close()


class Reader:
    """Holds the books to the table, chapter by chapter."""

    def __init__(self, story):
        self._story, self._seen = story, 0

    def close(self, chapter):
        """What this chapter added, whole and balanced, and that no account is frozen."""
        postings = self._story.postings()
        added = Counter()
        for template, account, units in postings[self._seen :]:
            added[template, account] += units
        self._seen = len(postings)
        assert sum(added.values()) == 0
        assert {key: n for key, n in added.items() if key[1] != "bank"} == BOOKED[chapter]
        assert self._story.problems() == []

    def held(self):
        """What every account holds now."""
        held = Counter()
        for _, account, units in self._story.postings():
            held[account] += units
        return dict(held)


def refused(answer):
    return answer.json["type"].removeprefix("/problems#"), "opens_at" in answer.json


def present(story):
    """The present period of each licence, by its listing."""
    trades = (story.world.airports, story.world.days)
    return {trade.listing_code: story.entitlement(trade)["period"] for trade in trades}


def first_period(story):
    """Three hits are included and two are not, and a miss counts for nothing; two calls are."""
    for code in ("ZSPD", "ZBAA", "ZGGG", "EGLL", "KJFK"):
        story.call_airport(code)
    story.call_airport("QQQQ", status=404)
    for day in ("2026-10-01", "2026-10-02"):
        story.call_day(day)
    assert refused(story.call_day("2026-10-03", status=403)) == ("quota-exhausted", True)
    story.wait_for_idle_money()


def second_period(story, periods):
    """One is given up with this period; of the other the buyer thinks better."""
    airports, days = story.world.airports, story.world.days
    for code in ("RJTT", "LFPG", "VHHH", "WSSS"):
        story.call_airport(code)
    ended = story.renew(days, is_renewing=False)
    assert ended["renewal_ends_at"] == periods[days.listing_code]["until_at"]
    assert not story.renew(airports, is_renewing=False)["is_renewing"]
    assert story.renew(airports, is_renewing=True)["is_renewing"]
    for day in ("2026-10-04", "2026-10-05"):
        story.call_day(day)
    assert refused(story.call_day("2026-10-06", status=403)) == ("quota-exhausted", False)
    story.wait_for_idle_money()


def third_period(story):
    """Of the one that goes on, which is given up in it."""
    airports, days = story.world.airports, story.world.days
    assert story.state(days) == ("REVOKED", "GIVEN_UP")
    story.call_day("2026-10-07", status=403)
    story.call_airport("EDDF")
    story.renew(airports, is_renewing=False)
    story.wait_for_idle_money()
    return story.entitlement(airports)["period"]


def test_a_subscription_from_its_order_to_the_end_of_its_last_period(story, tmp_path):
    books = Reader(story)
    story.order()
    books.close("order")
    first = present(story)
    first_period(story)
    books.close("first period")
    story.let_a_period_pass()
    second = present(story)
    for code in first:
        assert (first[code]["period"], second[code]["period"]) == (1, 2)
        assert first[code]["until_at"] == second[code]["from_at"]
    second_period(story, second)
    books.close("second period")
    story.let_a_period_pass()
    third = third_period(story)
    books.close("third period")
    story.let_a_period_pass()
    assert story.state(story.world.airports) == ("REVOKED", "GIVEN_UP")
    story.call_airport("EDDM", status=403)
    books.close("end")
    invoiced(story, tmp_path / "invoice", first, second, third)
    books.close("invoices")
    settlement = story.settle()
    assert statement_holds(story, settlement) == (0, 9_664_231_111, 9_664_000_000, 231_111)
    books.close("settlement")
    assert books.held() == CLOSING
    assert story.imbalances() == []


def invoiced(story, folder, first, second, third):
    """Each period's fee and calls on its own invoice, checked without the exchange; no more."""
    airports, days = story.world.airports, story.world.days
    due = [
        (airports, first[airports.listing_code], "30.25"),
        (airports, second[airports.listing_code], "30.12"),
        (airports, third, "30.00"),
        (days, first[days.listing_code], "12.34"),
        (days, second[days.listing_code], "12.34"),
    ]
    for trade, period, total in due:
        made, evidence = story.invoice_of(trade, period)
        assert parse_amount(made["total_amount"]) == parse_amount(total)
        verified(story, folder, "invoice", evidence)


def test_the_tables_close():
    held = Counter({"bank": -1000 * SCALE})
    for added in BOOKED.values():
        for (_, account), units in added.items():
            held[account] += units
    assert held == CLOSING


def test_the_guide_shows_what_each_period_books():
    shown = {chapter: {} for chapter in BOOKED if BOOKED[chapter]}
    for chapter, template, account, amount in rows_of_guide("when"):
        shown[chapter][template, account] = parse_amount(amount)
    assert shown == {chapter: added for chapter, added in BOOKED.items() if added}
