"""Whether prices make sense: positive, bounded, a package never dearer than its single calls."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from app.core.money import parse_amount
from compliance.rules.verdicts import Inputs, Verdict, failed, passed, warned

PER_CALL, PACKAGE, SUBSCRIPTION = "per_call", "package", "subscription"
TIERED = frozenset({"graduated", "volume"})
LUMP_SUMS = frozenset({PACKAGE, "yearly"})


def prices_are_sane(inputs: Inputs) -> Verdict:
    """Each plan costs something within bounds, and a larger package never costs more a unit."""
    plans, parameters = inputs["plans"] or [], inputs["parameters"]
    if not plans:
        return failed(reason="no plan is offered")
    bound = parse_amount(parameters["unit_price_max"])
    faults = [index for index, plan in enumerate(plans) if not _is_sane(plan, bound)]
    if faults:
        return failed(faults=faults)
    if not _is_monotone(plans):
        return warned(reason="a larger package costs more a unit than a smaller one")
    return passed(plan_count=len(plans))


def _is_sane(plan: Mapping[str, Any], bound: int) -> bool:
    prices = _prices(plan)
    # Compared by multiplication: money is never divided.
    are_bounded = all(units > 0 and 0 <= price <= bound * units for price, units in prices)
    return are_bounded and any(price > 0 for price, _ in prices) and plan.get("free_units", 0) >= 0


def _prices(plan: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Each price of the plan with the units that it buys; an unbounded year counts as one."""
    kind = plan["kind"]
    if kind == PER_CALL:
        return [(parse_amount(plan["unit_price"]), 1)]
    if kind in TIERED:
        return [(parse_amount(tier["unit_price"]), 1) for tier in plan["tiers"]]
    if kind in LUMP_SUMS:
        units = plan["package_units"]
        return [(parse_amount(plan["package_price"]), 1 if units is None else units)]
    if kind == SUBSCRIPTION:
        overage = parse_amount(plan.get("overage_price") or "0")
        return [(parse_amount(plan["period_fee"]), plan["included_units"] or 1), (overage, 1)]
    msg = "an unknown kind of plan"
    raise ValueError(msg)


def _is_monotone(plans: list[Mapping[str, Any]]) -> bool:
    ladders: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for plan in plans:
        if plan["kind"] not in {PER_CALL, PACKAGE}:
            continue  # what a period or a tier costs a unit depends on how many are used
        ((price, units),) = _prices(plan)
        ladders.setdefault((plan["unit"], plan["currency"]), []).append((units, price))
    return all(_falls(sorted(steps)) for steps in ladders.values())


def _falls(steps: list[tuple[int, int]]) -> bool:
    return all(
        larger_price * units <= price * larger_units
        for (units, price), (larger_units, larger_price) in pairwise(steps)
    )
