"""The life of a transfer out of the exchange: a payout or a withdrawal."""

from enum import StrEnum

from app.core.states import Transitions


class OutgoingState(StrEnum):
    """Proposed, approved by a second person, under way, arrived; or not."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS = Transitions(
    {
        (OutgoingState.REQUESTED, "approve"): OutgoingState.APPROVED,
        (OutgoingState.REQUESTED, "cancel"): OutgoingState.CANCELLED,
        (OutgoingState.APPROVED, "send"): OutgoingState.SENT,
        # A gateway may tell the end without the middle, and late.
        (OutgoingState.APPROVED, "pay"): OutgoingState.PAID,
        (OutgoingState.SENT, "pay"): OutgoingState.PAID,
        (OutgoingState.APPROVED, "fail"): OutgoingState.FAILED,
        (OutgoingState.SENT, "fail"): OutgoingState.FAILED,
        (OutgoingState.PAID, "return"): OutgoingState.FAILED,
    }
)
