"""Refusals of settlement runs, each named as the fact it states."""

from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind


class SettlementNotFound(CounterfoilError):
    """No such settlement in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "settlement-not-found"
    title = "There is no such settlement"

    def __init__(self, settlement_id: str) -> None:
        super().__init__(
            f"No settlement {settlement_id} within your reach.", settlement_id=settlement_id
        )


class SettlementRunNotFound(CounterfoilError):
    """No such settlement run."""

    kind = ErrorKind.NOT_FOUND
    slug = "settlement-run-not-found"
    title = "There is no such settlement run"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"No settlement run {run_id}.", run_id=run_id)


class SettlementPeriodUnfit(CounterfoilError):
    """A run begins where the last one of its currency ended, and is over."""

    kind = ErrorKind.CONFLICT
    slug = "settlement-period-unfit"
    title = "This period cannot be settled"

    def __init__(self, currency: str, *, settled_until: datetime | None, now: datetime) -> None:
        begins = "anywhere" if settled_until is None else f"at {iso_instant(settled_until)}"
        super().__init__(
            f"The next settlement of {currency} begins {begins} and ends after that, by now"
            f" ({iso_instant(now)}).",
            currency=currency,
            settled_until=None if settled_until is None else iso_instant(settled_until),
        )


class SettlementRunOpen(CounterfoilError):
    """The last run of the currency is not finished."""

    kind = ErrorKind.CONFLICT
    slug = "settlement-run-open"
    title = "A settlement run is still open"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Settlement run {run_id} is not finished.", run_id=run_id)
