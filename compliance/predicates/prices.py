"""Whether prices make sense: positive, bounded, a package never dearer than its single calls."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from app.core.money import parse_amount
from compliance.verdicts import Inputs, Verdict, failed, passed, warned

PER_CALL, PACKAGE = "per_call", "package"


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
    price, units = _price_and_units(plan)
    # Compared by multiplication: money is never divided.
    return price > 0 and units > 0 and price <= bound * units and plan.get("free_units", 0) >= 0


def _price_and_units(plan: Mapping[str, Any]) -> tuple[int, int]:
    if plan["kind"] == PER_CALL:
        return parse_amount(plan["unit_price"]), 1
    if plan["kind"] == PACKAGE:
        return parse_amount(plan["package_price"]), plan["package_units"]
    msg = "an unknown kind of plan"
    raise ValueError(msg)


def _is_monotone(plans: list[Mapping[str, Any]]) -> bool:
    ladders: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for plan in plans:
        price, units = _price_and_units(plan)
        ladders.setdefault((plan["unit"], plan["currency"]), []).append((units, price))
    return all(_falls(sorted(steps)) for steps in ladders.values())


def _falls(steps: list[tuple[int, int]]) -> bool:
    return all(
        larger_price * units <= price * larger_units
        for (units, price), (larger_units, larger_price) in pairwise(steps)
    )
