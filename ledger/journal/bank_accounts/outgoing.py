"""The life of a transfer out of the exchange: a payout or a withdrawal."""

from enum import StrEnum

from app.core.states import Transitions


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
