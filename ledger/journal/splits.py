"""Who gets what of a charge: exact shares by basis points, independent of how calls are batched."""

from collections.abc import Mapping

from app.core.money import split_units

BASIS_POINTS = 10_000
PARTS = ("supplier", "commission", "tax")


class SplitIsWrong(ValueError):
    """The weights do not name exactly supplier, commission and tax, or do not sum to 10,000."""


def check_split(split: Mapping[str, int]) -> dict[str, int]:
    """The split in its one order; raises `SplitIsWrong`. Weights are basis points."""
    if set(split) != set(PARTS) or sum(split.values()) != BASIS_POINTS or min(split.values()) < 0:
        raise SplitIsWrong
    # The order decides ties, and a mapping that came through JSONB has lost it.
    return {part: split[part] for part in PARTS}


def shares(amount: int, split: Mapping[str, int]) -> dict[str, int]:
    """Parts of an amount (10⁻⁸ units) by largest remainder; they sum to the amount."""
    return split_units(amount, check_split(split))


def added_shares(amount: int, total_before: int, split: Mapping[str, int]) -> dict[str, int]:
    """What each part gains when a running total grows by ``amount``.

    Shares of the new total minus shares of the old one, so any batching of the same calls ends in
    the same parts. A part may gain one unit (10⁻⁸) less than its proportion, even lose one.
    """
    before = shares(total_before, split)
    after = shares(total_before + amount, split)
    return {part: after[part] - before[part] for part in PARTS}
