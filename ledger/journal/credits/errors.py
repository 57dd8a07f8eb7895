"""Refusals of credits, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


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
