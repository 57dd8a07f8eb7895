"""What counts as a spike in spending: pure."""

from dataclasses import dataclass

PERCENT = 100


@dataclass(frozen=True)
class SpendLook:
    """Spending of the last hour and of the average hour of the day before it, in 10⁻⁸ units."""

    hour_amount: int
    average_amount: int


def is_spike(look: SpendLook, *, factor_percent: int, least_amount: int) -> bool:
    """Whether the hour cost more than the factor of the average, and more than the least.

    After a day without spending any hour would be a spike; ``least_amount`` keeps small ones out.
    """
    is_more = look.hour_amount * PERCENT > look.average_amount * factor_percent
    return look.hour_amount > least_amount and is_more
