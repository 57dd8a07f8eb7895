"""Where a price stands among those of like listings: quartiles by nearest rank, never between."""

from collections.abc import Sequence
from dataclasses import dataclass

LISTINGS_MIN = 3
"""Of fewer listings quartiles say no more than the listings themselves."""


@dataclass(frozen=True)
class PriceBand:
    """The prices of one unit of like listings, in units of 10⁻⁸."""

    listings_count: int
    lowest: int
    lower_quartile: int
    median: int
    upper_quartile: int
    highest: int


def price_band(prices: Sequence[int]) -> PriceBand | None:
    """The band of the prices, one a listing; None of fewer than `LISTINGS_MIN`."""
    if len(prices) < LISTINGS_MIN:
        return None
    ordered = sorted(prices)

    def at(per_cent: int) -> int:
        return ordered[max(-(-len(ordered) * per_cent // 100), 1) - 1]

    return PriceBand(len(ordered), ordered[0], at(25), at(50), at(75), ordered[-1])
