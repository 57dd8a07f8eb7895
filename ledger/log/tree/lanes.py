"""Lanes: which waiting entries may be sequenced now so that every lane stays in order, gapless."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

NOT_OPENED = -1
"""The end of a lane whose opening leaf (n = 0) has not been sequenced."""


class Lane(NamedTuple):
    """One meter lane of a licence."""

    licence_id: str
    lane: int


class Waiting(NamedTuple):
    """An entry that waits for its index; entries outside lanes have neither lane nor n."""

    arrival: int
    leaf_hash: bytes
    lane: Lane | None
    n: int


@dataclass
class Arrangement:
    """The order to be sequenced, what is held back for a missing predecessor, and the new ends."""

    ordered: list[Waiting] = field(default_factory=list)
    held: list[Waiting] = field(default_factory=list)
    ends: dict[Lane, tuple[int, int]] = field(default_factory=dict)
    """Lane -> (n, position in ``ordered``) of its last sequenced entry."""


def arrange(waiting: Iterable[Waiting], ends: Mapping[Lane, int]) -> Arrangement:
    """Order entries by arrival, each lane by n without a gap.

    ``ends`` gives the last sequenced n of each lane. An entry whose predecessor is neither
    sequenced nor waiting is held: a gap is never skipped.
    """
    result = Arrangement()
    reached: dict[Lane, int] = {}
    ahead: dict[Lane, dict[int, Waiting]] = {}
    for entry in waiting:
        lane = entry.lane
        if lane is None:
            result.ordered.append(entry)
            continue
        end = reached.setdefault(lane, ends.get(lane, NOT_OPENED))
        if entry.n != end + 1:
            ahead.setdefault(lane, {})[entry.n] = entry
            continue
        reached[lane] = _take(result, lane, entry, ahead.get(lane))
    result.held = [entry for lane in ahead.values() for entry in lane.values()]
    return result


def _take(result: Arrangement, lane: Lane, entry: Waiting, ahead: dict[int, Waiting] | None) -> int:
    """Sequence the entry and those that waited for it; the lane's new last n."""
    following: Waiting | None = entry
    n = entry.n
    while following is not None:
        n = following.n
        result.ends[lane] = (n, len(result.ordered))
        result.ordered.append(following)
        following = ahead.pop(n + 1, None) if ahead else None
    return n
