"""From how many records of persons on a provision without consent is a crime, by category.

The numbers are data (`rules/person_thresholds_<n>.json`): dated, with their source, unconfirmed.
Provisions to several buyers add up, and so do categories, each by its share of its own threshold
(interpretation of 2017, article 5, first paragraph, items 3 to 6, and article 11).
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from compliance.dated_tables import read_table

PACKAGE = "compliance.rules"
FILE = "person_thresholds_1.json"
PERSONAL_LEVELS = ("PERSONAL", "SENSITIVE")
"""Levels of personal information whose records are counted; the rest identify nobody."""

BASIS_POINTS = 10_000


def load() -> Mapping[str, Any]:
    """The thresholds in force with their source."""
    return read_table(PACKAGE, FILE)


def threshold_of(categories: Iterable[str]) -> int:
    """The strictest threshold among the categories; undeclared categories count as the strictest.

    A category that no threshold names falls under the last, which takes every other.
    """
    listed = list(categories)
    if not listed:
        return min(int(each["records"]) for each in load()["thresholds"])
    return min(map(_threshold, listed))


def _threshold(category: str) -> int:
    for each in load()["thresholds"]:
        if each["categories"] is None or category in each["categories"]:
            return int(each["records"])
    msg = "the thresholds lack their last step, which takes every other category"
    raise ValueError(msg)


def reached_bp(records_by_threshold: Mapping[int, int]) -> int:
    """How much of the thresholds is reached in basis points, rounded down; 10,000 is the whole."""
    share = sum(
        (Fraction(records, threshold) for threshold, records in records_by_threshold.items()),
        start=Fraction(0),
    )
    return int(share * BASIS_POINTS)
