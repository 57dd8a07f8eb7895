"""Refusals of disputes, each named as the fact it states."""

from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind


class DisputeNotFound(CounterfoilError):
    """No such dispute in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "dispute-not-found"
    title = "There is no such dispute"

    def __init__(self, dispute_id: str) -> None:
        super().__init__(f"No dispute {dispute_id} within your reach.", dispute_id=dispute_id)


class CallsAlreadyDisputed(CounterfoilError):
    """A call is disputed once."""

    kind = ErrorKind.CONFLICT
    slug = "calls-already-disputed"
    title = "A call is already disputed"

    def __init__(self, calls: list[str]) -> None:
        super().__init__("Already disputed: " + ", ".join(calls) + ".", calls=calls)


class CallsTooOldToDispute(CounterfoilError):
    """A dispute comes within the agreed days after the call."""

    kind = ErrorKind.CONFLICT
    slug = "calls-too-old-to-dispute"
    title = "A call is too old to be disputed"

    def __init__(self, calls: list[str], days: int) -> None:
        super().__init__(
            f"Calls are disputed within {days} days: " + ", ".join(calls) + ".",
            calls=calls,
            days=days,
        )


class ReceiptUnreadable(CounterfoilError):
    """The text is neither a usage receipt nor the value of a `Usage-Receipt` header."""

    kind = ErrorKind.INVALID
    slug = "receipt-unreadable"
    title = "This is not a usage receipt"

    def __init__(self, position: int) -> None:
        super().__init__(f"Call {position} holds no readable usage receipt.", position=position)


class ReceiptOfAnotherLicence(CounterfoilError):
    """One dispute is about calls of one licence."""

    kind = ErrorKind.INVALID
    slug = "receipt-of-another-licence"
    title = "A receipt is of another licence"

    def __init__(self, position: int) -> None:
        super().__init__(
            f"The receipt of call {position} names another licence.", position=position
        )


class DisputeAwaitsAnswer(CounterfoilError):
    """The supplier may still answer; nobody decides before."""

    kind = ErrorKind.CONFLICT
    slug = "dispute-awaits-answer"
    title = "The supplier may still answer"

    def __init__(self, dispute_id: str, answer_until_at: datetime) -> None:
        super().__init__(
            f"The supplier may answer until {iso_instant(answer_until_at)}.",
            dispute_id=dispute_id,
            answer_until_at=iso_instant(answer_until_at),
        )


class AnswerTooLate(CounterfoilError):
    """The days for an answer are over."""

    kind = ErrorKind.CONFLICT
    slug = "answer-too-late"
    title = "The time to answer is over"

    def __init__(self, dispute_id: str, answer_until_at: datetime) -> None:
        super().__init__(
            f"An answer was possible until {iso_instant(answer_until_at)}.",
            dispute_id=dispute_id,
            answer_until_at=iso_instant(answer_until_at),
        )


class AcceptedCallsUnfit(CounterfoilError):
    """A call can be accepted only if the log shows it, and only if it is part of the dispute."""

    kind = ErrorKind.INVALID
    slug = "accepted-calls-unfit"
    title = "These calls cannot be accepted"

    def __init__(self, calls: list[str]) -> None:
        super().__init__(
            "Not calls of the dispute that the log shows: " + ", ".join(calls) + ".", calls=calls
        )
