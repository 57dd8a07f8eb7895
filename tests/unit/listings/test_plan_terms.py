"""Plans, their terms and what an order of them costs."""

import pytest

from listings.plan_terms import (
    comparable_price,
    due_at_order,
    lowest_price,
    plan_faults,
    plan_hash,
    plan_terms,
)

COMMON = {"unit": "call", "free_units": 0, "currency": "CNY", "calls_per_second": 50}
PER_CALL = {"kind": "per_call", "unit_price": 40_000_000, **COMMON}
PACKAGE = {
    "kind": "package",
    "package_units": 1000,
    "package_price": 300 * 10**8,
    "valid_days": 365,
    **COMMON,
}


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


def test_a_package_is_due_when_it_is_ordered():
    assert due_at_order(plan_terms(PACKAGE)) == 300 * 10**8
    assert due_at_order(plan_terms(PER_CALL)) == 0


def test_prices_are_compared_by_unit():
    assert comparable_price(plan_terms(PACKAGE)) == 30_000_000
    assert lowest_price([plan_terms(PER_CALL), plan_terms(PACKAGE)]) == 30_000_000
    assert lowest_price([]) is None


def test_a_fraction_of_the_smallest_amount_is_rounded_up():
    assert comparable_price(plan_terms({**PACKAGE, "package_price": 1})) == 1


def test_equal_terms_have_one_hash_and_others_another():
    assert plan_hash(plan_terms(PER_CALL)) == plan_hash(
        plan_terms(dict(reversed(PER_CALL.items())))
    )
    assert plan_hash(plan_terms(PER_CALL)) != plan_hash(plan_terms({**PER_CALL, "free_units": 1}))


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        (PER_CALL, []),
        (PACKAGE, []),
        ({**PER_CALL, "unit_price": None}, ["unit_price"]),
        ({**PER_CALL, "valid_days": 3}, ["valid_days"]),
        ({**PACKAGE, "package_units": None, "unit_price": 1}, ["package_units", "unit_price"]),
        ({**PACKAGE, "free_units": 2}, ["free_units"]),
    ],
)
def test_a_plan_has_the_members_of_its_kind(plan, names):
    assert [fault.pointer for fault in plan_faults(plan, "#")] == [f"#/{name}" for name in names]
