"""Whether data may leave the country as offered (PIPL 38 to 40, rules of 2024-03-22)."""

from dataclasses import dataclass
from typing import Any

from compliance.days import day_at
from compliance.rules.cross_border import Export, Route, Thresholds, route_needed
from compliance.rules.predicates.sources import kinds_in_date
from compliance.rules.verdicts import Inputs, Verdict, failed, passed
from compliance.terms import regions

OVERSEAS_MODES = frozenset({"EXPORT", "REMOTE_ACCESS"})
FREE_ROUTES = frozenset({Route.NONE, Route.EXEMPT})
PERSONAL_LEVELS = frozenset({"DEIDENTIFIED", "PERSONAL", "SENSITIVE"})


@dataclass(frozen=True)
class _Sight:
    """The export as far as dossier and counters show it."""

    export: Export
    destinations: list[str]
    facts: dict[str, Any]


def route_is_computed(inputs: Inputs) -> Verdict:
    """Where data would go, and which route that needs; it decides nothing by itself."""
    sight = _look(inputs)
    return passed(route=_route(inputs, sight), **sight.facts)


def route_is_followed(inputs: Inputs) -> Verdict:
    """The approval that the needed route asks for is there, in date, and covers the places."""
    sight = _look(inputs)
    route = _route(inputs, sight)
    shown = {"route": route.value, **sight.facts}
    if sight.export.is_overseas and sight.export.is_personal and sight.facts["declared"] is None:
        return failed(reason="the supplier's totals since 1 January are not declared", **shown)
    if route is Route.FORBIDDEN:
        return failed(reason="core data never leave the country", **shown)
    faults = [] if route in FREE_ROUTES else _approval_faults(inputs, sight)
    return failed(faults=faults, **shown) if faults else passed(**shown)


def _route(inputs: Inputs, sight: _Sight) -> Route:
    return route_needed(sight.export, Thresholds(**inputs["parameters"]["persons"]))


def _look(inputs: Inputs) -> _Sight:
    declared = inputs["cross_border"] or {}
    places = {*(inputs["product.regions"] or ()), *(declared.get("regions") or ())}
    if inputs["product.storage_location"]:
        places.add(inputs["product.storage_location"])
    abroad = sorted(place for place in places if not regions.within([place], [regions.CHINA]))
    counted = inputs["persons"] or {}
    totals = {
        name: declared.get(name) for name in ("persons_declared", "sensitive_persons_declared")
    }
    level = inputs["product.pi_level"]
    export = Export(
        is_overseas=bool(abroad) or declared.get("mode") in OVERSEAS_MODES,
        is_core=inputs["product.grade"] == "CORE",
        is_important=inputs["product.grade"] == "IMPORTANT",
        is_personal=level in PERSONAL_LEVELS,
        is_by_critical_infrastructure=bool(declared.get("is_critical_infrastructure")),
        persons=max(totals["persons_declared"] or 0, counted.get("exported_count", 0)),
        sensitive_persons=max(
            totals["sensitive_persons_declared"] or 0,
            counted.get("exported_sensitive_count", 0),
            1 if level == "SENSITIVE" else 0,
        ),
    )
    facts = {
        "destinations": abroad,
        "mode": declared.get("mode"),
        "declared": None if None in totals.values() else totals,
        "counted_here": counted.get("exported_count", 0),
        "counted_sensitive_here": counted.get("exported_sensitive_count", 0),
    }
    return _Sight(export, abroad, facts)


def _approval_faults(inputs: Inputs, sight: _Sight) -> list[str]:
    declared, day = inputs["cross_border"] or {}, day_at(inputs["at"])
    checks = {
        "the approval's number is missing": bool(declared.get("approval_number")),
        "the approval is not in date": (declared.get("valid_to") or "") >= day,
        "the approval does not cover the places": regions.within(
            sight.destinations, declared.get("regions") or ()
        ),
        "the document of the approval is missing": "CROSS_BORDER_APPROVAL"
        in kinds_in_date(inputs["evidence"] or [], inputs["at"]),
    }
    return [fault for fault, is_met in checks.items() if not is_met]
