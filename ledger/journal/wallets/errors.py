"""Refusals of wallets."""

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
