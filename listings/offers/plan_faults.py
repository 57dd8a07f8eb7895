"""Whether a plan has the members of its kind, and whether they agree with each other."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from listings.errors import Fault
from listings.offers.plan_terms import HOLDS_ITS_UNITS, MONTHS, PERIODS, SHAPES, SUBSCRIPTION, TERM

_EVERY_MEMBER = frozenset(name for shape in SHAPES.values() for name in shape.own)


def plan_faults(plan: Mapping[str, Any], pointer: str) -> list[Fault]:
    """Everything that is wrong with a plan; amounts are units of 10⁻⁸."""
    return [
        *_member_faults(plan, pointer),
        *_free_unit_faults(plan, pointer),
        *_trial_faults(plan, pointer),
        *_period_faults(plan, pointer),
        *tier_faults(plan.get("tiers") or (), f"{pointer}/tiers"),
        *_inclusion_faults(plan, pointer),
    ]


def _member_faults(plan: Mapping[str, Any], pointer: str) -> list[Fault]:
    shape = SHAPES[plan["kind"]]
    faults = [
        Fault(f"{pointer}/{name}", f"A {plan['kind']} plan needs it.")
        for name in shape.needed
        if plan.get(name) is None
    ]
    faults += [
        Fault(f"{pointer}/{name}", f"A {plan['kind']} plan has none.")
        for name in sorted(_EVERY_MEMBER - set(shape.own))
        if plan.get(name) is not None
    ]
    return faults


def _free_unit_faults(plan: Mapping[str, Any], pointer: str) -> list[Fault]:
    if plan["kind"] in HOLDS_ITS_UNITS and plan["free_units"]:
        return [Fault(f"{pointer}/free_units", "The price includes its units; none are free.")]
    return []


def _trial_faults(plan: Mapping[str, Any], pointer: str) -> list[Fault]:
    units, days = plan.get("trial_units"), plan.get("trial_days")
    if (units is None) == (days is None):
        return []
    missing = "trial_units" if units is None else "trial_days"
    return [Fault(f"{pointer}/{missing}", "A trial has units and days.")]


def _period_faults(plan: Mapping[str, Any], pointer: str) -> list[Fault]:
    kind, period = plan["kind"], plan.get("period")
    known = PERIODS.get(kind, ())
    if period is not None and known and period not in known:
        return [Fault(f"{pointer}/period", f"A {kind} plan counts by {' or '.join(known)}.")]
    minimum = plan.get("minimum")
    if minimum and not _is_whole_periods(minimum["period"], period):
        return [Fault(f"{pointer}/minimum/period", f"Not whole periods of a {period}.")]
    return []


def _is_whole_periods(longer: str, period: str | None) -> bool:
    """Whether a commitment ends with a period of the plan; a term has one, so any is its own."""
    if period in {None, TERM}:
        return True
    return longer in MONTHS and MONTHS[longer] % MONTHS[str(period)] == 0


def tier_faults(tiers: Sequence[Mapping[str, Any]], pointer: str) -> list[Fault]:
    """Tiers ascend, and the last one alone is open."""
    faults = [
        Fault(f"{pointer}/{at}/up_to", "Only the last tier is open.")
        for at, tier in enumerate(tiers[:-1])
        if tier["up_to"] is None
    ]
    if tiers and tiers[-1]["up_to"] is not None:
        faults.append(Fault(f"{pointer}/{len(tiers) - 1}/up_to", "The last tier is open: null."))
    bounds = [(at, tier["up_to"]) for at, tier in enumerate(tiers) if tier["up_to"] is not None]
    faults += [
        Fault(f"{pointer}/{at}/up_to", f"A tier ends after the one before it ({before}).")
        for (_, before), (at, bound) in pairwise(bounds)
        if bound <= before
    ]
    return faults


def _inclusion_faults(plan: Mapping[str, Any], pointer: str) -> list[Fault]:
    is_empty = plan["kind"] == SUBSCRIPTION and plan.get("included_units") == 0
    if is_empty and plan.get("overage_price") is None:
        return [Fault(f"{pointer}/included_units", "A hard stop at nothing sells nothing.")]
    return []
