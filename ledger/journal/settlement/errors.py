"""Refusals of credits, disputes, settlements and payouts, each named as the fact it states."""

from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class ReturnExceedsTopUp(CounterfoilError):
    """A gateway reports more going back than the top-up brought."""

    kind = ErrorKind.CONFLICT
    slug = "return-exceeds-top-up"
    title = "More would go back than came in"

    def __init__(self, top_up_id: str, *, left_amount: int, returned_amount: int) -> None:
        super().__init__(
            f"{format_amount(left_amount)} of the top-up is left and"
            f" {format_amount(returned_amount)} would go back.",
            top_up_id=top_up_id,
            left_amount=format_amount(left_amount),
            returned_amount=format_amount(returned_amount),
        )


class TopUpNotPaid(CounterfoilError):
    """Money cannot go back that has not come in."""

    kind = ErrorKind.CONFLICT
    slug = "top-up-not-paid"
    title = "This top-up has not been paid"

    def __init__(self, top_up_id: str) -> None:
        super().__init__(f"Top-up {top_up_id} holds no money yet.", top_up_id=top_up_id)


class ReturnNotFound(CounterfoilError):
    """Nothing went back under that reference."""

    kind = ErrorKind.NOT_FOUND
    slug = "return-not-found"
    title = "There is no such refund or charge-back"

    def __init__(self, provider_reference: str) -> None:
        super().__init__(
            f"Nothing went back under {provider_reference}.",
            provider_reference=provider_reference,
        )


class CreditExceedsCharge(CounterfoilError):
    """More would be given back than is left of the charge."""

    kind = ErrorKind.CONFLICT
    slug = "credit-exceeds-charge"
    title = "More would be credited than was charged"

    def __init__(self, subject: str, *, left_amount: int, asked_amount: int) -> None:
        super().__init__(
            f"{format_amount(left_amount)} of {subject} is left to be credited, not"
            f" {format_amount(asked_amount)}.",
            subject=subject,
            left_amount=format_amount(left_amount),
            asked_amount=format_amount(asked_amount),
        )


class AlreadyCredited(CounterfoilError):
    """A call is credited once."""

    kind = ErrorKind.CONFLICT
    slug = "already-credited"
    title = "This call is already credited"

    def __init__(self, references: list[str]) -> None:
        super().__init__("Already credited: " + ", ".join(references) + ".", references=references)


class ChargeNotFound(CounterfoilError):
    """What a credit would correct is not in the books or the log."""

    kind = ErrorKind.NOT_FOUND
    slug = "charge-not-found"
    title = "There is no such charge to credit"

    def __init__(self, subject: str) -> None:
        super().__init__(f"Nothing was charged for {subject}.", subject=subject)


class ChargeEarnedByDay(CounterfoilError):
    """A yearly package's price is booked day by day, not at the order."""

    kind = ErrorKind.CONFLICT
    slug = "charge-earned-by-day"
    title = "This price is earned day by day"

    def __init__(self, subject: str) -> None:
        super().__init__(
            "A yearly package is not credited: when its licence is revoked, what is not yet earned"
            " goes back to the buyer.",
            subject=subject,
        )


class CreditNotFound(CounterfoilError):
    """No such credit in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "credit-not-found"
    title = "There is no such credit"

    def __init__(self, credit_id: str) -> None:
        super().__init__(f"No credit {credit_id} within your reach.", credit_id=credit_id)


class CreditNotYetPublished(CounterfoilError):
    """A leaf of the credit's chain is not yet under a signed checkpoint."""

    kind = ErrorKind.CONFLICT
    slug = "credit-not-yet-published"
    title = "The log has not yet published this credit"

    def __init__(self, credit_id: str) -> None:
        super().__init__(
            "A leaf of the credit is not yet under a signed checkpoint; ask again shortly.",
            retry_after_seconds=2,
            credit_id=credit_id,
        )


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


class DeciderNotIndependent(CounterfoilError):
    """A party decides neither its own dispute nor its own payout."""

    kind = ErrorKind.FORBIDDEN
    slug = "decider-not-independent"
    title = "You are a party to this"

    def __init__(self, subject_id: str) -> None:
        super().__init__(
            "People outside the organisations concerned decide this.", subject_id=subject_id
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
