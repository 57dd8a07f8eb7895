"""Fitness of a data set for a scenario: diversity, scale, annotation, and what a model gains."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any

from compliance.quality import definitions
from compliance.quality.field_values import Row
from compliance.quality.indicators import Indicator, measured

GRID_MAX = 10_000
"""Cells of a scenario's grid that are looked at."""


def diversity(rows: Sequence[Row], required: Mapping[str, Sequence[Any]]) -> Indicator:
    """Covered cells of the scenario's grid, of the required ones: every value with every other."""
    names = sorted(required)
    size = prod(len(required[name]) for name in names) if names else 0
    if not 0 < size <= GRID_MAX:
        return measured(definitions.DIVERSITY, lacking="no scenario grid is declared")
    present = {tuple(str(row.get(name)) for name in names) for row in rows}
    cells = product(*(map(str, required[name]) for name in names))
    return measured(
        definitions.DIVERSITY, (sum(cell in present for cell in cells), size), lacking=""
    )


def scale(actual_count: int | None, required_count: int | None) -> Indicator:
    """Actual records, of the required ones, at most all."""
    required = required_count or 0 if actual_count is not None else 0
    return measured(
        definitions.SCALE, (min(actual_count or 0, required), required), lacking="no scale required"
    )


def annotation(agreement: Mapping[str, Any] | None) -> Indicator:
    """Double-blind labels that agree, of those compared; declared, so never scored."""
    found = agreement or {}
    return measured(
        definitions.ANNOTATION,
        (int(found.get("agreeing_count", 0)), int(found.get("compared_count", 0))),
        lacking="no labels were compared",
    )


def model_gain(declared: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The score with the data set minus the baseline; positive is a gain, whatever the metric."""
    if not declared:
        return None
    gain = Decimal(str(declared["score"])) - Decimal(str(declared["baseline"]))
    signed = gain if declared.get("higher_is_better", True) else -gain
    return {"metric": str(declared.get("metric", "")), "gain": format(signed, "f")}
