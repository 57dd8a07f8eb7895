"""What a plan's order costs, and by which price of one unit the catalogue sorts it."""

from collections.abc import Iterable

from app.core.money import parse_amount
from listings.offers.plan_terms import (
    GRADUATED,
    PACKAGE,
    PER_CALL,
    SUBSCRIPTION,
    VOLUME,
    YEARLY,
    Terms,
)

PAID_AT_ORDER = frozenset({PACKAGE, YEARLY})


def due_at_order(terms: Terms) -> int:
    """What the order itself costs, in units of 10⁻⁸: the price of a package or of a year.

    Calls are charged as they are made, and a subscription's fee when each period opens.
    """
    return parse_amount(terms["package_price"]) if terms["kind"] in PAID_AT_ORDER else 0


def unit_price(terms: Terms) -> int | None:
    """What one unit costs in units of 10⁻⁸, of a lump sum rounded up; None without a bound.

    Of tiers the first: what a buyer pays from the first unit on. Of a subscription the fee over its
    included units, or the overage price where it includes none.
    """
    kind = terms["kind"]
    if kind == PER_CALL:
        return parse_amount(terms["unit_price"])
    if kind in {GRADUATED, VOLUME}:
        return parse_amount(terms["tiers"][0]["unit_price"])
    if kind == SUBSCRIPTION:
        if not terms["included_units"]:
            return parse_amount(terms["overage_price"])
        return _per_unit(parse_amount(terms["period_fee"]), terms["included_units"])
    units = terms["package_units"]
    return None if units is None else _per_unit(parse_amount(terms["package_price"]), units)


def _per_unit(amount: int, units: int) -> int:
    return -(-amount // units)


def comparable_price(terms: Terms) -> int:
    """The price of one unit by which plans are sorted, in units of 10⁻⁸.

    A year without a bound counts with its whole price: nothing says how many units it becomes.
    """
    price = unit_price(terms)
    return due_at_order(terms) if price is None else price


def lowest_price(plans: Iterable[Terms]) -> int | None:
    """The lowest comparable price among plans, in units of 10⁻⁸."""
    return min(map(comparable_price, plans), default=None)
