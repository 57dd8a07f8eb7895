"""Refusals of monthly runs."""

from app.core.errors import CounterfoilError, ErrorKind


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
