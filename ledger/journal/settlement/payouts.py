"""The life of a payout, and how a supplier's bank details are shown and when they count."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.money import MINOR
from app.core.states import Transitions

WAITING_PERIOD = timedelta(days=3)
"""New bank details count only after it: whoever took over an account is noticed meanwhile."""

MASK_SHOWN = 4


class PayoutState(StrEnum):
    """Proposed, approved by a second person, under way, arrived; or not."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS = Transitions(
    {
        (PayoutState.REQUESTED, "approve"): PayoutState.APPROVED,
        (PayoutState.REQUESTED, "cancel"): PayoutState.CANCELLED,
        (PayoutState.APPROVED, "send"): PayoutState.SENT,
        # A gateway may tell the end without the middle, and late.
        (PayoutState.APPROVED, "pay"): PayoutState.PAID,
        (PayoutState.SENT, "pay"): PayoutState.PAID,
        (PayoutState.APPROVED, "fail"): PayoutState.FAILED,
        (PayoutState.SENT, "fail"): PayoutState.FAILED,
        (PayoutState.PAID, "return"): PayoutState.FAILED,
    }
)


@dataclass(frozen=True)
class BankDetails:
    """Where a bank transfer goes."""

    holder: str
    bank: str
    account_number: str

    @property
    def masked(self) -> str:
        """The bank and the end of the number: enough to recognise, too little to misuse."""
        digits = "".join(self.account_number.split())
        return f"{self.bank} …{digits[-MASK_SHOWN:]}"


def effective_at(now: datetime) -> datetime:
    """When details registered now begin to count."""
    return now + WAITING_PERIOD


def payable_whole(amount: int, minimum: int) -> int:
    """What of a balance (10⁻⁸ units) is settled: whole minor units, nothing below the minimum.

    The fraction of a minor unit stays in the payable, and so does a balance below zero.
    """
    whole = max(amount, 0) // MINOR * MINOR
    return whole if whole >= minimum else 0
