"""Plans, their terms and what an order of them costs."""

import pytest

from listings.offers.plan_faults import plan_faults
from listings.offers.plan_labels import price_label
from listings.offers.plan_prices import comparable_price, due_at_order, lowest_price, unit_price
from listings.offers.plan_terms import KINDS, plan_hash, plan_terms

YUAN = 10**8
COMMON = {"unit": "call", "free_units": 0, "currency": "CNY", "calls_per_second": 50}
PER_CALL = {"kind": "per_call", "unit_price": 40_000_000, **COMMON}
PACKAGE = {
    "kind": "package",
    "package_units": 1000,
    "package_price": 300 * YUAN,
    "valid_days": 365,
    **COMMON,
}
TIERS = [
    {"up_to": 1000, "unit_price": 40_000_000},
    {"up_to": 10_000, "unit_price": 30_000_000},
    {"up_to": None, "unit_price": 4},
]
GRADUATED = {"kind": "graduated", "tiers": TIERS, "period": "month", **COMMON}
VOLUME = {**GRADUATED, "kind": "volume", "period": "term"}
SUBSCRIPTION = {
    "kind": "subscription",
    "period": "quarter",
    "period_fee": 1000 * YUAN,
    "included_units": 3000,
    **COMMON,
}
YEARLY = {"kind": "yearly", "package_price": 20_000 * YUAN, **COMMON}
PLANS = {
    plan["kind"]: plan for plan in (PER_CALL, GRADUATED, VOLUME, PACKAGE, SUBSCRIPTION, YEARLY)
}


def test_there_is_a_plan_of_every_kind_here():
    assert set(PLANS) == set(KINDS)


def test_a_plan_per_call_has_its_price_as_text():
    assert plan_terms(PER_CALL) == {
        "kind": "per_call",
        "unit": "call",
        "unit_price": "0.40000000",
        "free_units": 0,
        "currency": "CNY",
        "calls_per_second": 50,
    }


def test_a_package_has_units_price_and_days():
    terms = plan_terms(PACKAGE)
    assert terms["package_price"] == "300.00000000"
    assert terms["package_units"] == 1000
    assert "unit_price" not in terms


STORED_HASHES = [
    (PER_CALL, "52400d0b0090f1f62a5c7ff1eb1dfa16a594fc7197d26ab693abfda86c4e7b71"),
    (PACKAGE, "ff9c480994d119feadf60699813ae4a43120a90cfcf519cc27d87ffd764ef1f8"),
]
"""Computed before there were other kinds; agreements and leaves of the log hold such hashes."""


@pytest.mark.parametrize(("plan", "stored_hash"), STORED_HASHES)
@pytest.mark.parametrize(
    "silent", [{}, {"roll_over": "none"}, {"trial_units": None, "tiers": None}]
)
def test_the_hashes_of_plans_from_before_stay(plan, stored_hash, silent):
    assert plan_hash(plan_terms({**plan, **silent})) == stored_hash


def test_tiers_are_texts_and_the_last_is_open():
    terms = plan_terms(GRADUATED)
    assert terms["tiers"] == [
        {"up_to": 1000, "unit_price": "0.40000000"},
        {"up_to": 10_000, "unit_price": "0.30000000"},
        {"up_to": None, "unit_price": "0.00000004"},
    ]
    assert terms["period"] == "month"


def test_a_subscription_without_an_overage_price_is_a_hard_stop():
    terms = plan_terms({**SUBSCRIPTION, "overage_price": None, "roll_over": "none"})
    assert terms == {
        **COMMON,
        "kind": "subscription",
        "period": "quarter",
        "period_fee": "1000.00000000",
        "included_units": 3000,
    }
    carried = plan_terms({**SUBSCRIPTION, "overage_price": 0, "roll_over": "carry"})
    assert (carried["overage_price"], carried["roll_over"]) == ("0.00000000", "carry")


def test_a_year_is_365_days_and_without_a_bound_unless_it_says_otherwise():
    assert plan_terms(YEARLY) == {
        **COMMON,
        "kind": "yearly",
        "package_price": "20000.00000000",
        "valid_days": 365,
        "package_units": None,
    }
    said = plan_terms({**YEARLY, "package_units": 5, "valid_days": 366})
    assert (said["package_units"], said["valid_days"]) == (5, 366)


def test_trial_and_minimum_are_part_of_the_terms():
    terms = plan_terms(
        {
            **PER_CALL,
            "trial_units": 20,
            "trial_days": 14,
            "minimum": {"amount": 100 * YUAN, "period": "year"},
        }
    )
    assert (terms["trial_units"], terms["trial_days"]) == (20, 14)
    assert terms["minimum"] == {"amount": "100.00000000", "period": "year"}


@pytest.mark.parametrize(
    ("plan", "due"),
    [
        (PER_CALL, 0),
        (GRADUATED, 0),
        (VOLUME, 0),
        (PACKAGE, 300 * YUAN),
        (SUBSCRIPTION, 0),
        (YEARLY, 20_000 * YUAN),
    ],
)
def test_what_is_bought_whole_is_due_when_it_is_ordered(plan, due):
    assert due_at_order(plan_terms(plan)) == due


@pytest.mark.parametrize(
    ("plan", "price"),
    [
        (PER_CALL, 40_000_000),
        (GRADUATED, 40_000_000),
        (VOLUME, 40_000_000),
        (PACKAGE, 30_000_000),
        ({**PACKAGE, "package_price": 1}, 1),
        (SUBSCRIPTION, 33_333_334),
        ({**SUBSCRIPTION, "included_units": 0, "overage_price": 7}, 7),
        ({**YEARLY, "package_units": 1000}, 20 * YUAN),
        (YEARLY, None),
    ],
)
def test_prices_are_compared_by_unit_and_rounded_up(plan, price):
    terms = plan_terms(plan)
    assert unit_price(terms) == price
    assert comparable_price(terms) == (price if price is not None else 20_000 * YUAN)


def test_the_lowest_price_is_that_of_the_cheapest_unit():
    assert lowest_price(map(plan_terms, PLANS.values())) == 30_000_000
    assert lowest_price([]) is None


def test_equal_terms_have_one_hash_and_others_another():
    hashes = {plan_hash(plan_terms(plan)) for plan in PLANS.values()}
    assert len(hashes) == len(PLANS)
    for plan in PLANS.values():
        assert plan_hash(plan_terms(plan)) == plan_hash(plan_terms(dict(reversed(plan.items()))))
        other = plan_terms({**plan, "calls_per_second": 51})
        assert plan_hash(other) not in hashes


def tiers(*bounds):
    return [{"up_to": bound, "unit_price": 1} for bound in bounds]


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        *((plan, []) for plan in PLANS.values()),
        ({**PER_CALL, "unit_price": None}, ["unit_price"]),
        ({**PER_CALL, "valid_days": 3}, ["valid_days"]),
        ({**PACKAGE, "package_units": None, "unit_price": 1}, ["package_units", "unit_price"]),
        ({**PACKAGE, "free_units": 2}, ["free_units"]),
        ({**PACKAGE, "roll_over": "carry"}, []),
        ({**PACKAGE, "trial_units": 1, "trial_days": 1}, ["trial_days", "trial_units"]),
        ({**PER_CALL, "roll_over": "carry"}, ["roll_over"]),
        ({**PER_CALL, "trial_units": 1}, ["trial_days"]),
        ({**PER_CALL, "trial_days": 1}, ["trial_units"]),
        ({**PER_CALL, "minimum": {"amount": 1, "period": "term"}}, []),
        ({**GRADUATED, "minimum": {"amount": 1, "period": "month"}, "free_units": 9}, []),
        ({**GRADUATED, "minimum": {"amount": 1, "period": "year"}}, []),
        ({**GRADUATED, "minimum": {"amount": 1, "period": "term"}}, ["minimum/period"]),
        ({**VOLUME, "minimum": {"amount": 1, "period": "quarter"}}, []),
        ({**GRADUATED, "period": "year"}, ["period"]),
        ({**GRADUATED, "period": None}, ["period"]),
        ({**GRADUATED, "tiers": None}, ["tiers"]),
        ({**GRADUATED, "tiers": tiers(None)}, []),
        ({**GRADUATED, "tiers": tiers(5)}, ["tiers/0/up_to"]),
        ({**GRADUATED, "tiers": tiers(None, 5, None)}, ["tiers/0/up_to"]),
        ({**GRADUATED, "tiers": tiers(5, 5, None)}, ["tiers/1/up_to"]),
        ({**GRADUATED, "tiers": tiers(5, 4, 3)}, [f"tiers/{at}/up_to" for at in (2, 1, 2)]),
        ({**SUBSCRIPTION, "period": "term"}, ["period"]),
        ({**SUBSCRIPTION, "minimum": {"amount": 1, "period": "quarter"}}, ["minimum"]),
        ({**SUBSCRIPTION, "included_units": 0}, ["included_units"]),
        ({**SUBSCRIPTION, "included_units": 0, "overage_price": 0}, []),
        ({**SUBSCRIPTION, "period_fee": None, "free_units": 1}, ["period_fee", "free_units"]),
        ({**YEARLY, "package_price": None}, ["package_price"]),
        ({**YEARLY, "roll_over": "carry"}, ["roll_over"]),
    ],
)
def test_a_plan_has_the_members_of_its_kind(plan, names):
    assert [fault.pointer for fault in plan_faults(plan, "#")] == [f"#/{name}" for name in names]


@pytest.mark.parametrize(
    ("plan", "english", "chinese"),
    [
        (
            {**PER_CALL, "free_units": 10},
            "0.40 CNY a call; the first 10 calls free",
            "每次 0.40 元；前 10 次免费",
        ),
        (
            {**PER_CALL, "unit": "hit", "unit_price": 40_000, "trial_units": 1, "trial_days": 7},
            "0.0004 CNY a hit; trial of 1 hit in 7 days",
            "每查得 0.0004 元；7 天内试用 1 查得",
        ),
        (
            {**GRADUATED, "minimum": {"amount": 100 * YUAN, "period": "month"}},
            (
                "by steps within a month: up to 1,000 0.40 CNY, up to 10,000 0.30 CNY,"
                " beyond 0.00000004 CNY; at least 100.00 CNY a month"
            ),
            (
                "按月阶梯计价（各档分别计）：至 1,000 0.40 元，至 10,000 0.30 元，"
                "以上 0.00000004 元；每月最低消费 100.00 元"
            ),
        ),
        (
            {**VOLUME, "tiers": tiers(None), "currency": "USD"},
            "by the whole volume of a term: beyond 0.00000001 USD",
            "按期总量计价（全部按所达档）：以上 0.00000001 美元",
        ),
        (
            {**PACKAGE, "roll_over": "carry"},
            "300.00 CNY for 1,000 calls in 365 days; what is left carries over",
            "300.00 元含 1,000 次，365 天内有效；余量可结转",
        ),
        (
            SUBSCRIPTION,
            "1,000.00 CNY a quarter, 3,000 calls included, then a stop",
            "每季 1,000.00 元，含 3,000 次，用完即止",
        ),
        (
            {**SUBSCRIPTION, "overage_price": 50_000_000},
            "1,000.00 CNY a quarter, 3,000 calls included, then 0.50 CNY a call",
            "每季 1,000.00 元，含 3,000 次，超出每次 0.50 元",
        ),
        (YEARLY, "20,000.00 CNY for 365 days, any number", "20,000.00 元，365 天，不限量"),
        (
            {**YEARLY, "package_units": 5},
            "20,000.00 CNY for 365 days, 5 calls",
            "20,000.00 元，365 天，含 5 次",
        ),
    ],
)
def test_a_price_is_told_in_one_line_of_either_language(plan, english, chinese):
    terms = plan_terms(plan)
    assert price_label(terms, "en") == english
    assert price_label(terms, "zh") == chinese
