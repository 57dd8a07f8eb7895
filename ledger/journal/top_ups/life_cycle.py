"""The life of a top-up, and which amounts a bank can transfer."""

from enum import StrEnum

from app.core.money import MINOR, SCALE
from app.core.states import Transitions
from ledger.journal.top_ups.errors import TopUpAmountUnfit

AMOUNT_MAX = 100_000_000 * SCALE
"""A typing error beyond this is likelier than a transfer."""


class TopUpState(StrEnum):
    """Announced, seen by one person, seen by two and credited, or given up."""

    REQUESTED = "requested"
    CONFIRMED_ONCE = "confirmed_once"
    POSTED = "posted"
    CANCELLED = "cancelled"


TRANSITIONS = Transitions(
    {
        (TopUpState.REQUESTED, "confirm"): TopUpState.CONFIRMED_ONCE,
        (TopUpState.CONFIRMED_ONCE, "confirm"): TopUpState.POSTED,
        (TopUpState.REQUESTED, "cancel"): TopUpState.CANCELLED,
        (TopUpState.CONFIRMED_ONCE, "cancel"): TopUpState.CANCELLED,
        (TopUpState.REQUESTED, "pay"): TopUpState.POSTED,
        # Money that arrives for a cancelled top-up is the buyer's all the same.
        (TopUpState.CANCELLED, "pay"): TopUpState.POSTED,
    }
)


def check_transferable(amount: int) -> None:
    """Raises `TopUpAmountUnfit` unless a bank can transfer the amount (10⁻⁸ units)."""
    if not 0 < amount <= AMOUNT_MAX or amount % MINOR:
        raise TopUpAmountUnfit(amount, AMOUNT_MAX)
