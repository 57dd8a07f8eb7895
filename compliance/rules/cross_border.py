"""Which route out of the country the law asks for (rules of 2024-03-22, articles 3, 5, 7 and 8).

The counters are those of one exporter since 1 January. An exchange sees only its own share, so
what it counted is a lower bound and the supplier's declared total counts where it is higher.
Exemptions by contract, human resources or emergency, and free-trade-zone lists, are not decided
here: a reviewer looks at those.
"""

from dataclasses import dataclass
from enum import StrEnum

ASSESSED_PERSONS = 1_000_000
ASSESSED_SENSITIVE_PERSONS = 10_000
CONTRACT_PERSONS = 100_000
"""Article 7: from a million persons, or ten thousand with sensitive information; article 8: from a
hundred thousand, or one with sensitive information."""


class Route(StrEnum):
    """What has to be there before data leave the country."""

    NONE = "NONE"
    EXEMPT = "EXEMPT"
    CONTRACT_OR_CERTIFICATION = "CONTRACT_OR_CERTIFICATION"
    SECURITY_ASSESSMENT = "SECURITY_ASSESSMENT"
    FORBIDDEN = "FORBIDDEN"


@dataclass(frozen=True)
class Thresholds:
    """From how many persons on a route is needed; data of the rule, these are the law of 2024."""

    assessed: int = ASSESSED_PERSONS
    assessed_sensitive: int = ASSESSED_SENSITIVE_PERSONS
    contract: int = CONTRACT_PERSONS


@dataclass(frozen=True)
class Export:
    """What would leave the country, and what left it since 1 January, this export included."""

    is_overseas: bool
    is_core: bool = False
    is_important: bool = False
    is_personal: bool = False
    is_by_critical_infrastructure: bool = False
    persons: int = 0
    sensitive_persons: int = 0


def route_needed(export: Export, at_least: Thresholds | None = None) -> Route:
    """The route, decided in the order of the law; nothing overseas needs none."""
    if not export.is_overseas:
        return Route.NONE
    if export.is_core:
        return Route.FORBIDDEN
    if export.is_important:
        return Route.SECURITY_ASSESSMENT
    if not export.is_personal:
        return Route.NONE
    return _personal_route(export, at_least or Thresholds())


def _personal_route(export: Export, at_least: Thresholds) -> Route:
    if export.is_by_critical_infrastructure:
        return Route.SECURITY_ASSESSMENT
    is_assessed = (
        export.persons >= at_least.assessed
        or export.sensitive_persons >= at_least.assessed_sensitive
    )
    if is_assessed:
        return Route.SECURITY_ASSESSMENT
    if export.sensitive_persons >= 1 or export.persons >= at_least.contract:
        return Route.CONTRACT_OR_CERTIFICATION
    return Route.EXEMPT
