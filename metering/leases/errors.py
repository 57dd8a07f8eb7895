"""Why nothing more is leased for a call: used up, capped, unpaid, or not yet open."""

from datetime import datetime
from typing import Any

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class QuotaExhausted(CounterfoilError):
    """Nothing is left of the licence's calls or units."""

    kind = ErrorKind.QUOTA_EXHAUSTED
    slug = "quota-exhausted"
    title = "The quota is used up"

    def __init__(self, bound: str, opens_at: datetime | None = None) -> None:
        facts: dict[str, Any] = {} if opens_at is None else {"opens_at": iso_instant(opens_at)}
        super().__init__(
            f"Nothing is left of the licence's {bound}.",
            rule="METER-QUOTA",
            legal_reference="agreement: allowance",
            bound=bound,
            **facts,
        )


class CapReached(CounterfoilError):
    """A spending cap that the buyer set does not allow one more unit."""

    kind = ErrorKind.QUOTA_EXHAUSTED
    slug = "cap-reached"
    title = "A spending cap is reached"

    def __init__(
        self,
        scope: str,
        cap_amount: int,
        currency: str,
        *,
        opens_at: datetime | None = None,
        key_id: str | None = None,
    ) -> None:
        facts: dict[str, Any] = {}
        if opens_at is not None:
            facts["opens_at"] = iso_instant(opens_at)
        if key_id is not None:
            facts["key_id"] = key_id
        super().__init__(
            f"The spending cap of the {scope} does not allow one more unit.",
            rule="METER-CAP",
            legal_reference="buyer: spending cap",
            bound="amount",
            scope=scope,
            cap_amount=format_amount(cap_amount),
            currency=currency,
            **facts,
        )


class PeriodUnpaid(CounterfoilError):
    """The fee of the licence's period could not be taken from the wallet."""

    kind = ErrorKind.PAYMENT_REQUIRED
    slug = "period-unpaid"
    title = "The period's fee is not paid"

    def __init__(self, period: int, fee_amount: int, currency: str) -> None:
        super().__init__(
            "Top up the wallet: the period opens within a minute after it covers the fee.",
            period=period,
            fee_amount=format_amount(fee_amount),
            currency=currency,
        )


class PeriodNotOpen(CounterfoilError):
    """The licence's next period is about to be opened."""

    kind = ErrorKind.UNAVAILABLE
    slug = "period-not-open"
    title = "The licence's period is being opened"

    def __init__(self) -> None:
        super().__init__("Nothing was charged. Try again.", retry_after_seconds=1)


class BalanceExhausted(CounterfoilError):
    """Neither the buyer's wallet nor a credit line in force covers one more unit."""

    kind = ErrorKind.PAYMENT_REQUIRED
    slug = "balance-exhausted"
    title = "No money for one more unit"

    def __init__(self, unit_price: int, currency: str) -> None:
        super().__init__(
            "Neither the wallet nor a credit line in force covers one more unit. Top up, or pay the"
            " bills that are overdue.",
            unit_price=format_amount(unit_price),
            currency=currency,
        )
