"""Outliers of a sample, and how its coded values moved since another (stability index)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import log, sqrt
from typing import Any

from compliance.quality import definitions
from compliance.quality.field_values import Field, Row, is_filled, number
from compliance.quality.indicators import Indicator, decimal, measured
from compliance.quality.rules import Rules

SHIFT_ALARM = 0.25
RARE = 10
"""Below so many in both samples together a code is counted with the others that are rare."""
_Z_95 = 1.6449
_FLOOR = 0.0001
"""What an empty bin counts as; the logarithm has no value at nought."""
_QUARTILES_MIN = 4
OTHER = "*"

Histogram = Mapping[str, int]
"""Counts by code."""


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


def coded_counts(rules: Rules, rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """How often each declared code stands in each coded field; whatever else stands is `OTHER`.

    No value leaves a sample that way, only how often a code of the public schema was met.
    """
    return {
        field.name: dict(Counter(_codes_in(rows, field))) for field in rules.fields if field.codes
    }


def _codes_in(rows: Sequence[Row], field: Field) -> Iterator[str]:
    for row in rows:
        value = row.get(field.name)
        if is_filled(value):
            yield str(value) if str(value) in field.codes else OTHER


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


@dataclass(frozen=True)
class Shift:
    """How far a coded field moved between two samples, and how far chance alone would take it."""

    field: str
    psi: float
    chance: float

    @property
    def is_alarm(self) -> bool:
        """Beyond the alarm and beyond chance: small samples alarm nobody."""
        return self.psi > max(SHIFT_ALARM, self.chance)

    def document(self) -> dict[str, Any]:
        """The shift for a report."""
        return {
            "field": self.field,
            "psi": decimal(self.psi),
            "chance": decimal(self.chance),
            "is_alarm": self.is_alarm,
        }


def shifts(before: Mapping[str, Histogram], after: Mapping[str, Histogram]) -> list[Shift]:
    """The shift of every coded field that both samples have; in the order of their names."""
    found = []
    for name in sorted(before.keys() & after.keys()):
        one, other = _without_rare(before[name], after[name])
        psi = population_stability(one, other)
        if psi is not None:
            found.append(Shift(name, psi, _chance(one, other)))
    return found


def _without_rare(one: Histogram, other: Histogram) -> tuple[Histogram, Histogram]:
    """Codes that both together hardly have are one bin: the index is blown up by empty ones."""
    kept = {code for code in {**one, **other} if one.get(code, 0) + other.get(code, 0) >= RARE}
    return _merged(one, kept), _merged(other, kept)


def _merged(counts: Histogram, kept: AbstractSet[str]) -> Histogram:
    merged: Counter[str] = Counter()
    for code, count in counts.items():
        merged[code if code in kept else OTHER] += count
    return merged


def _chance(one: Histogram, other: Histogram) -> float:
    """What 19 of 20 pairs of samples of one population stay below.

    PSI divided by (1/n + 1/m) is distributed as χ² with one degree of freedom less than there are
    bins (Yurdakul and Naranjo 2020); its quantile is Wilson and Hilferty's (1931).
    """
    degrees = len({**one, **other}) - 1
    if not degrees:
        return 0.0
    spread = 2 / (9 * degrees)
    quantile: float = degrees * (1 - spread + _Z_95 * sqrt(spread)) ** 3
    return quantile * (1 / sum(one.values()) + 1 / sum(other.values()))
