"""Outliers of a sample, and its drift from what is delivered (population stability index)."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import Any

from compliance.quality import definitions
from compliance.quality.field_values import Row, is_filled, number
from compliance.quality.indicators import Indicator, measured
from compliance.quality.rules import Rules

BINS = 10
CATEGORIES_MAX = 20
DRIFT_ALARM = 0.25
_FLOOR = 0.0001
"""What an empty bin counts as; the logarithm has no value at nought."""
_QUARTILES_MIN = 4
OTHER = "*"

Histogram = Mapping[str, int]
"""Counts by bin; bins of numbers are named by their place, those of texts by their digest."""


def numbers_of(rows: Sequence[Row], name: str) -> list[float]:
    """The finite numbers of a column."""
    found = (number(row.get(name)) for row in rows if is_filled(row.get(name)))
    return [float(value) for value in found if value is not None]


def outlier_share(rules: Rules, rows: Sequence[Row]) -> Indicator:
    """Numbers farther than one and a half interquartile ranges outside the middle half (Tukey)."""
    columns = [
        numbers_of(rows, field.name)
        for field in rules.fields
        if field.declared.get("type") in {"integer", "decimal"}
    ]
    kept = [values for values in columns if len(values) >= _QUARTILES_MIN]
    outside = sum(_outliers(values) for values in kept)
    return measured(
        definitions.OUTLIERS, (outside, sum(map(len, kept))), lacking="no column of numbers"
    )


def _outliers(values: Sequence[float]) -> int:
    ordered = sorted(values)
    low, high = _quantile(ordered, 0.25), _quantile(ordered, 0.75)
    reach = 1.5 * (high - low)
    return sum(not low - reach <= value <= high + reach for value in ordered)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between the two neighbours (the definition of most packages)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def bin_edges(values: Sequence[float]) -> list[float]:
    """The inner edges of ten bins with equally many of the values."""
    ordered = sorted(values)
    return sorted({_quantile(ordered, at / BINS) for at in range(1, BINS)}) if ordered else []


def binned(values: Sequence[float], edges: Sequence[float]) -> dict[str, int]:
    """Counts by place among the edges."""
    return dict(Counter(str(bisect_right(edges, value)) for value in values))


def population_stability(expected: Histogram, actual: Histogram) -> float | None:
    """PSI = Σ(p-q)·ln(p/q) over bins of both; None when either is empty; above 0.25 an alarm."""
    expected_total, actual_total = sum(expected.values()), sum(actual.values())
    if not expected_total or not actual_total:
        return None
    total = 0.0
    for name in {**expected, **actual}:
        p = max(expected.get(name, 0) / expected_total, _FLOOR)
        q = max(actual.get(name, 0) / actual_total, _FLOOR)
        total += (p - q) * log(p / q)
    return total


def drift(expected: Sequence[Row], actual: Sequence[Row], rules: Rules) -> dict[str, Any]:
    """PSI of each field of numbers and of each coded field, sample against what came later."""
    found = {}
    for field in rules.fields:
        psi = _field_drift(expected, actual, field.name, is_coded=bool(field.codes))
        if psi is not None:
            found[field.name] = psi
    return found


def _field_drift(
    expected: Sequence[Row], actual: Sequence[Row], name: str, *, is_coded: bool
) -> float | None:
    if is_coded:
        counts = [Counter(str(row.get(name)) for row in rows) for rows in (expected, actual)]
        return population_stability(counts[0], counts[1])
    before, after = numbers_of(expected, name), numbers_of(actual, name)
    edges = bin_edges(before)
    return population_stability(binned(before, edges), binned(after, edges))
