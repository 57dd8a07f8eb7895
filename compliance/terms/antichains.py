"""Sets over a hierarchy (purposes, regions): a node covers its descendants, sets meet downwards."""

from collections.abc import Callable, Iterable

Covers = Callable[[str, str], bool]


def widest(nodes: Iterable[str], covers: Covers) -> frozenset[str]:
    """The nodes that no other node of the set covers: the one normal form of the set's closure."""
    distinct = frozenset(nodes)
    return frozenset(
        node
        for node in distinct
        if not any(other != node and covers(other, node) for other in distinct)
    )


def narrow(left: Iterable[str], right: Iterable[str], covers: Covers) -> frozenset[str]:
    """The intersection of two closures, in normal form: of each comparable pair the lower node."""
    others = frozenset(right)
    lower = {
        b if covers(a, b) else a
        for a in frozenset(left)
        for b in others
        if covers(a, b) or covers(b, a)
    }
    return widest(lower, covers)


def within(inner: Iterable[str], outer: Iterable[str], covers: Covers) -> bool:
    """Whether every node of ``inner`` is covered by some node of ``outer``."""
    roofs = frozenset(outer)
    return all(any(covers(roof, node) for roof in roofs) for node in inner)
