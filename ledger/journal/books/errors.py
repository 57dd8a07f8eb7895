"""Refusals of the books, each named as the fact that it states."""

from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind


class PeriodUnfit(CounterfoilError):
    """A period must end after it starts and must be over."""

    kind = ErrorKind.INVALID
    slug = "period-unfit"
    title = "This period cannot be reported"

    def __init__(self, from_at: datetime, until_at: datetime, now: datetime) -> None:
        super().__init__(
            "A period starts before it ends and has ended by now.",
            from_at=iso_instant(from_at),
            until_at=iso_instant(until_at),
            now=iso_instant(now),
        )


class BooksRefused(CounterfoilError):
    """Base of what the books refuse; raised to code, the transaction is lost."""

    kind = ErrorKind.CONFLICT
    slug = "books-refused"
    title = "The books refuse this"


class AccountNotOpen(BooksRefused):
    """A posting names an account that was never opened."""

    slug = "account-not-open"
    title = "An account is not open"


class ReferenceReused(BooksRefused):
    """A booked (template, reference) was given other postings."""

    slug = "journal-reference-reused"
    title = "This is already booked differently"


class LeaseNotOpen(BooksRefused):
    """The lease does not exist, is closed, or belongs to another wallet."""

    slug = "lease-not-open"
    title = "The lease is not open"


class LeaseOverspent(BooksRefused):
    """More would be posted under a lease than it holds."""

    slug = "lease-overspent"
    title = "The lease does not hold enough"


class LeaseSpendDiffers(BooksRefused):
    """A lease is settled with another amount than was posted under it."""

    slug = "lease-spend-differs"
    title = "The lease's postings show another amount"


class TransactionNotFound(CounterfoilError):
    """Nothing is booked under that template and reference."""

    kind = ErrorKind.NOT_FOUND
    slug = "journal-transaction-not-found"
    title = "Nothing is booked under this reference"

    def __init__(self, template: str, reference: str) -> None:
        super().__init__(f"No {template} {reference}.", template=template, reference=reference)


class NotReversible(CounterfoilError):
    """A reversal is not reversed: the correct fact is booked anew."""

    kind = ErrorKind.CONFLICT
    slug = "not-reversible"
    title = "A reversal cannot be reversed"

    def __init__(self, template: str, reference: str) -> None:
        super().__init__(
            f"{template} {reference} is itself a reversal.", template=template, reference=reference
        )


class AccountFrozen(CounterfoilError):
    """The audit found a sum of this account that does not hold; it gives nothing until lifted."""

    kind = ErrorKind.CONFLICT
    slug = "account-frozen"
    title = "The account is frozen"

    def __init__(self, account_id: str, *, freeze_id: str, rule: str) -> None:
        super().__init__(
            "The books' audit found something wrong with this account; the exchange is looking.",
            account_id=account_id,
            freeze_id=freeze_id,
            rule=rule,
        )
