"""The purpose tree: what a licence may be used for; a grant of a node covers its descendants."""

from collections.abc import Iterable

from compliance.terms import antichains

PARENTS: dict[str, str | None] = {
    "RISK": None,
    "CREDIT": "RISK",
    "FRAUD": "RISK",
    "AML": "RISK",
    "INSURANCE": "RISK",
    "MARKETING": None,
    "INSIGHT": "MARKETING",
    # Not a child of INSIGHT: studying a market never grants approaching a person.
    "TARGETING": "MARKETING",
    "OPERATIONS": None,
    "SUPPLY": "OPERATIONS",
    "LOGISTICS": "OPERATIONS",
    "ENERGY": "OPERATIONS",
    "RESEARCH": None,
    "ACADEMIC": "RESEARCH",
    "PRODUCT": "RESEARCH",
    "AI_TRAINING": None,
    "PRETRAIN": "AI_TRAINING",
    "TUNE": "AI_TRAINING",
    "EVAL": "AI_TRAINING",
    "PUBLIC_SERVICE": None,
    "GOVERNANCE": "PUBLIC_SERVICE",
    "EMERGENCY": "PUBLIC_SERVICE",
    "COMPLIANCE": None,
    "KYC": "COMPLIANCE",
    "AUDIT": "COMPLIANCE",
    "INVESTMENT": None,
    "OTHER": None,
}

CODES = frozenset(PARENTS)


def above(purpose: str) -> frozenset[str]:
    """The nodes whose grant permits the purpose: itself and its ancestors."""
    nodes, node = [], PARENTS.get(purpose)
    while node is not None:
        nodes.append(node)
        node = PARENTS.get(node)
    return frozenset((purpose, *nodes))


def covers(grant: str, purpose: str) -> bool:
    """Whether a grant of one node permits the purpose: the same node or an ancestor of it."""
    return grant in above(purpose)


def closure(granted: Iterable[str]) -> frozenset[str]:
    """Every purpose that the granted nodes permit, descendants included."""
    nodes = frozenset(granted)
    return frozenset(code for code in CODES if any(covers(node, code) for node in nodes))


def without(granted: Iterable[str], forbidden: Iterable[str]) -> frozenset[str]:
    """The granted purposes less the forbidden ones and all below those.

    A node above a forbidden one cannot be granted, since it would cover it; what it leaves are
    its other descendants.
    """
    barred = closure(forbidden)
    if not barred:
        return frozenset(granted)
    left = closure(granted) - barred
    return frozenset(node for node in left if closure((node,)) <= left)


def within(wanted: Iterable[str], granted: Iterable[str]) -> bool:
    """Whether every wanted purpose is permitted by the granted ones."""
    return antichains.within(wanted, granted, covers)
