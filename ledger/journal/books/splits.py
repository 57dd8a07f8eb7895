"""Who gets what of a charge: exact shares by basis points, independent of how calls are batched."""

from collections.abc import Mapping

from app.core.money import split_units

BASIS_POINTS = 10_000
PARTS = ("supplier", "commission", "tax")
"""The parts that every split has."""

CONTRIBUTOR = "supplier:"
"""Prefix of a further supplier's part; the organisation's id follows."""

CONTRIBUTORS_MAX = 16
"""Keeps a journal transaction far below the postings that the books allow."""


class SplitIsWrong(ValueError):
    """The weights lack a part or name an unknown one, or do not sum to 10,000."""


def contributors(split: Mapping[str, int]) -> list[str]:
    """The organisation ids of a composite product's further suppliers, sorted."""
    return sorted(part.removeprefix(CONTRIBUTOR) for part in split if part.startswith(CONTRIBUTOR))


def check_split(split: Mapping[str, int]) -> dict[str, int]:
    """The split in its one order; raises `SplitIsWrong`. Weights are basis points.

    The order decides ties: supplier, further suppliers by id, commission, tax.
    """
    others = [CONTRIBUTOR + organisation_id for organisation_id in contributors(split)]
    if len(others) > CONTRIBUTORS_MAX or CONTRIBUTOR in split:
        raise SplitIsWrong
    if set(split) != {*PARTS, *others} or sum(split.values()) != BASIS_POINTS:
        raise SplitIsWrong
    if min(split.values()) < 0:
        raise SplitIsWrong
    # A mapping that came through JSONB has lost the order.
    return {part: split[part] for part in ("supplier", *others, "commission", "tax")}


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
    return {part: after[part] - before[part] for part in after}


def unwound_shares(
    amount: int, *, charged: int, credited: int, total_before: int, split: Mapping[str, int]
) -> dict[str, int]:
    """What each part gives back when ``amount`` of a charge is credited (10⁻⁸ units).

    The charge raised a running total from ``total_before`` by ``charged``, and ``credited`` of it
    was given back before. A charge is unwound from its top, so that credits of it, however many,
    take back exactly what it gave once they sum to it. Raises `ValueError` beyond the charge.
    """
    if not 0 <= amount <= charged - credited or credited < 0:
        msg = "a credit is at most what is left of its charge"
        raise ValueError(msg)
    return added_shares(amount, total_before + charged - credited - amount, split)
