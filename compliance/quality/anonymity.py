"""k-anonymity, l-diversity and t-closeness over declared quasi-identifiers (GB/T 42460-2023)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compliance.quality.field_values import Row, number
from compliance.quality.indicators import decimal

K_MIN = 5


@dataclass(frozen=True)
class Anonymity:
    """How well rows hide in each other; l and t only with sensitive fields."""

    k: int
    class_count: int
    row_count: int
    small_class_row_count: int
    unique_row_count: int
    l: int | None  # noqa: E741 - its name in the literature
    t: float | None

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "k": self.k,
            "l": self.l,
            "t": None if self.t is None else decimal(self.t),
            "class_count": self.class_count,
            "small_class_share": decimal(self.small_class_row_count / self.row_count),
            "unique_share": decimal(self.unique_row_count / self.row_count),
        }


def anonymity(
    rows: Sequence[Row], quasi: Sequence[str], sensitive: Sequence[str] = (), k_min: int = K_MIN
) -> Anonymity | None:
    """The three measures and the rows in classes smaller than ``k_min``; None without anything."""
    if not rows or not quasi:
        return None
    classes: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        classes[tuple(str(row.get(name)) for name in quasi)].append(row)
    sizes = [len(members) for members in classes.values()]
    columns = {name: [[str(row.get(name)) for row in each] for each in classes.values()]
               for name in sensitive}  # fmt: skip
    return Anonymity(
        k=min(sizes),
        class_count=len(sizes),
        row_count=len(rows),
        small_class_row_count=sum(size for size in sizes if size < k_min),
        unique_row_count=sizes.count(1),
        l=min((len(set(each)) for parts in columns.values() for each in parts), default=None),
        t=max((_closeness(parts) for parts in columns.values()), default=None),
    )


def _closeness(parts: Sequence[Sequence[str]]) -> float:
    """The farthest any class's distribution is from that of all rows (Li et al. 2007)."""
    everything = [value for part in parts for value in part]
    ordered = _as_numbers(everything)
    total = Counter(everything)
    return max(_distance(Counter(part), total, ordered) for part in parts)


def _as_numbers(values: Sequence[str]) -> list[str] | None:
    """The distinct values in order if all are numbers."""
    numbers = {value: found for value in set(values) if (found := number(value)) is not None}
    if len(numbers) < len(set(values)):
        return None
    return sorted(numbers, key=lambda value: numbers[value])


def _distance(part: Counter[str], total: Counter[str], ordered: list[str] | None) -> float:
    """Earth mover's distance: ordered for numbers, equal between categories."""
    part_size, total_size = part.total(), total.total()
    values = ordered if ordered is not None else list(total)
    gaps = [part[value] / part_size - total[value] / total_size for value in values]
    if ordered is None:
        return sum(map(abs, gaps)) / 2
    if len(values) == 1:
        return 0.0
    moved, carried = 0.0, 0.0
    for gap in gaps:
        carried += gap
        moved += abs(carried)
    return moved / (len(values) - 1)
