"""Refusals of the journal, each named as the fact that it states."""

from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class InsufficientFunds(CounterfoilError):
    """The wallet's available money (balance less leases) does not cover the amount."""

    kind = ErrorKind.PAYMENT_REQUIRED
    slug = "insufficient-funds"
    title = "The wallet does not hold enough"

    def __init__(
        self, *, needed_amount: int, available_amount: int, currency: str, pending_amount: int = 0
    ) -> None:
        needed, available = format_amount(needed_amount), format_amount(available_amount)
        pending = format_amount(pending_amount)
        is_held = available_amount < needed_amount <= available_amount + pending_amount
        way_out = f"{pending} {currency} is held for calls" if is_held else "top up first"
        super().__init__(
            f"{needed} {currency} is needed and {available} {currency} is available; {way_out}.",
            needed_amount=needed,
            available_amount=available,
            pending_amount=pending,
            currency=currency,
        )


class TopUpNotFound(CounterfoilError):
    """No such top-up in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "top-up-not-found"
    title = "There is no such top-up"

    def __init__(self, top_up_id: str) -> None:
        super().__init__(f"No top-up {top_up_id} within your reach.", top_up_id=top_up_id)


class TopUpAmountUnfit(CounterfoilError):
    """A bank cannot transfer the amount: zero, parts of a fen, or more than the permitted most."""

    kind = ErrorKind.INVALID
    slug = "top-up-amount-unfit"
    title = "This amount cannot be transferred"

    def __init__(self, amount: int, most: int) -> None:
        super().__init__(
            "A top-up is at least 0.01, at most two decimal places and at most"
            f" {format_amount(most)}.",
            amount=format_amount(amount),
            amount_max=format_amount(most),
        )


class SecondPersonRequired(CounterfoilError):
    """The same person tried to give both words that it takes."""

    kind = ErrorKind.FORBIDDEN
    slug = "second-person-required"
    title = "Another person must confirm"

    def __init__(self, subject_id: str) -> None:
        super().__init__(
            "It takes two people, and you were the first; somebody else is the second.",
            subject_id=subject_id,
        )


class LicencePartiesNotFound(CounterfoilError):
    """No licence of that id in which the caller is the party that is asked for."""

    kind = ErrorKind.NOT_FOUND
    slug = "booked-licence-not-found"
    title = "There is no such licence in the books"

    def __init__(self, licence_id: str) -> None:
        super().__init__(f"No licence {licence_id} within your reach.", licence_id=licence_id)


class InvoiceNotFound(CounterfoilError):
    """No such invoice in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "invoice-not-found"
    title = "There is no such invoice"

    def __init__(self, invoice_id: str) -> None:
        super().__init__(f"No invoice {invoice_id} within your reach.", invoice_id=invoice_id)


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


class InvoicePeriodOverlaps(CounterfoilError):
    """The licence already has an invoice that covers part of the period or a later one."""

    kind = ErrorKind.CONFLICT
    slug = "invoice-period-overlaps"
    title = "Part of the period is already invoiced"

    def __init__(self, licence_id: str, *, invoiced_until: datetime) -> None:
        super().__init__(
            f"The licence is invoiced until {iso_instant(invoiced_until)};"
            " the next period starts then or later.",
            licence_id=licence_id,
            invoiced_until=iso_instant(invoiced_until),
        )


class InvoiceNotYetPublished(CounterfoilError):
    """A leaf of the invoice is not yet under a signed checkpoint."""

    kind = ErrorKind.CONFLICT
    slug = "invoice-not-yet-published"
    title = "The log has not yet published this"

    def __init__(self, invoice_id: str) -> None:
        super().__init__(
            "A leaf of the invoice is not yet under a signed checkpoint; ask again shortly.",
            retry_after_seconds=2,
            invoice_id=invoice_id,
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
