"""Refusals of billing, each named as the fact that it states."""

from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class FreezeNotFound(CounterfoilError):
    """No such freeze in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "account-freeze-not-found"
    title = "There is no such freeze"

    def __init__(self, freeze_id: str) -> None:
        super().__init__(f"No freeze {freeze_id} within your reach.", freeze_id=freeze_id)


class FreezeIsLifted(CounterfoilError):
    """The freeze was lifted before."""

    kind = ErrorKind.CONFLICT
    slug = "account-freeze-lifted"
    title = "The freeze is lifted already"

    def __init__(self, freeze_id: str) -> None:
        super().__init__("Nothing is left to lift.", freeze_id=freeze_id)


class AnotherPersonMustDecide(CounterfoilError):
    """Who proposed cannot be who decides."""

    kind = ErrorKind.FORBIDDEN
    slug = "another-person-must-decide"
    title = "A second person decides"

    def __init__(self, subject_id: str) -> None:
        super().__init__(
            "You proposed this; a different operator decides it.", subject_id=subject_id
        )


class CreditLineNotFound(CounterfoilError):
    """No such credit line in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "credit-line-not-found"
    title = "There is no such credit line"

    def __init__(self, credit_line_id: str) -> None:
        super().__init__(
            f"No credit line {credit_line_id} within your reach.", credit_line_id=credit_line_id
        )


class CreditInUse(CounterfoilError):
    """A limit cannot fall below what is already used of it."""

    kind = ErrorKind.CONFLICT
    slug = "credit-in-use"
    title = "More than this is in use"

    def __init__(self, *, limit_amount: int, used_amount: int) -> None:
        limit, used = format_amount(limit_amount), format_amount(used_amount)
        super().__init__(
            f"{used} is owed or promised to running calls; a limit of {limit} is below that.",
            limit_amount=limit,
            used_amount=used,
        )


class WalletNotOpen(CounterfoilError):
    """The organisation has no wallet in that currency."""

    kind = ErrorKind.NOT_FOUND
    slug = "wallet-not-open"
    title = "There is no such wallet"

    def __init__(self, organisation_id: str, currency: str) -> None:
        super().__init__(
            f"The organisation has no wallet in {currency}.",
            organisation_id=organisation_id,
            currency=currency,
        )


class DunningUnfit(CounterfoilError):
    """A dunning plan has each step at most once, in order, on rising days."""

    kind = ErrorKind.INVALID
    slug = "dunning-unfit"
    title = "This is no dunning plan"

    def __init__(self, steps: tuple[str, ...]) -> None:
        super().__init__(
            "Steps stand in the order of the list, each at most once, on rising days.",
            steps=list(steps),
        )


class CreditBillNotFound(CounterfoilError):
    """No such bill in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "credit-bill-not-found"
    title = "There is no such bill"

    def __init__(self, bill_id: str) -> None:
        super().__init__(f"No bill {bill_id} within your reach.", bill_id=bill_id)


class BillingMonthUnfit(CounterfoilError):
    """A billing run is for a month that is over."""

    kind = ErrorKind.INVALID
    slug = "billing-month-unfit"
    title = "This month cannot be billed"

    def __init__(self, month: str) -> None:
        super().__init__(
            "A month is written 2026-11 and is over, in Asia/Shanghai, before it is billed.",
            month=month,
        )
