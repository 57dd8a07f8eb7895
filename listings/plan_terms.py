"""Plans as canonical terms: what one use or one package costs, fixed by a hash."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.core.canonical import digest_hex
from app.core.money import format_amount, parse_amount
from listings.errors import Fault

PER_CALL = "per_call"
PACKAGE = "package"
KINDS = (PER_CALL, PACKAGE)
CALLS_PER_SECOND_DEFAULT = 50

_COMMON = ("kind", "unit", "free_units", "currency", "calls_per_second")
_PACKAGE_ONLY = ("package_units", "package_price", "valid_days")
_OWN = {PER_CALL: ("unit_price",), PACKAGE: _PACKAGE_ONLY}
_AMOUNTS = frozenset({"unit_price", "package_price"})

Terms = Mapping[str, Any]


def plan_faults(plan: Mapping[str, Any], pointer: str) -> list[Fault]:
    """Members that the plan's kind needs and lacks, or has and does not know."""
    own = _OWN[plan["kind"]]
    other = set().union(*_OWN.values()) - set(own)
    faults = [
        Fault(f"{pointer}/{name}", f"A {plan['kind']} plan needs it.")
        for name in own
        if plan.get(name) is None
    ]
    faults += [
        Fault(f"{pointer}/{name}", f"A {plan['kind']} plan has none.")
        for name in sorted(other)
        if plan.get(name) is not None
    ]
    if plan["kind"] == PACKAGE and plan["free_units"]:
        faults.append(Fault(f"{pointer}/free_units", "A package holds its units; none are free."))
    return faults


def plan_terms(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical terms; amounts in units of 10⁻⁸ become decimal strings with eight places."""
    names = (*_COMMON, *_OWN[plan["kind"]])
    return {name: format_amount(plan[name]) if name in _AMOUNTS else plan[name] for name in names}


def plan_hash(terms: Terms) -> str:
    """SHA-256 over the canonical terms."""
    return digest_hex(dict(terms))


def due_at_order(terms: Terms) -> int:
    """What the order itself costs, in units of 10⁻⁸: a package's price, nothing per call."""
    return parse_amount(terms["package_price"]) if terms["kind"] == PACKAGE else 0


def comparable_price(terms: Terms) -> int:
    """The price of one unit in units of 10⁻⁸; a package's is rounded up to the next unit."""
    if terms["kind"] == PER_CALL:
        return parse_amount(terms["unit_price"])
    return -(-parse_amount(terms["package_price"]) // int(terms["package_units"]))


def lowest_price(plans: Iterable[Terms]) -> int | None:
    """The lowest comparable price among plans, in units of 10⁻⁸."""
    return min(map(comparable_price, plans), default=None)
