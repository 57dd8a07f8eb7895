"""Why a top-up is not announced, confirmed or given up."""

from collections.abc import Sequence

from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


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


class ConfirmationDiffers(CounterfoilError):
    """The amount or currency seen at the bank is not the one that was announced."""

    kind = ErrorKind.CONFLICT
    slug = "confirmation-differs"
    title = "The confirmed amount differs from the announced one"

    def __init__(self, top_up_id: str, *, announced: str, confirmed: str) -> None:
        super().__init__(
            f"{announced} was announced and {confirmed} confirmed; cancel it and start a new one.",
            top_up_id=top_up_id,
            announced=announced,
            confirmed=confirmed,
        )


class ConfirmerNotIndependent(CounterfoilError):
    """Who asked for the money, or belongs to the organisation that gets it, cannot confirm it."""

    kind = ErrorKind.FORBIDDEN
    slug = "confirmer-not-independent"
    title = "You are a party to this top-up"

    def __init__(self, top_up_id: str) -> None:
        super().__init__(
            "A top-up is confirmed by people outside the organisation that it credits.",
            top_up_id=top_up_id,
        )


class MayNotCancelTopUp(CounterfoilError):
    """Cancelling needs the buyer's own purchasing role or an operator."""

    kind = ErrorKind.FORBIDDEN
    slug = "may-not-cancel-top-up"
    title = "You may not cancel this top-up"

    def __init__(self, top_up_id: str) -> None:
        super().__init__(
            "A buyer of the organisation or an operator of the exchange cancels a top-up.",
            top_up_id=top_up_id,
        )


class PaidThroughProvider(CounterfoilError):
    """Nobody confirms by hand what a payment provider tells by itself."""

    kind = ErrorKind.CONFLICT
    slug = "paid-through-provider"
    title = "The payment provider confirms this, not people"

    def __init__(self, top_up_id: str, gateway: str) -> None:
        super().__init__(
            "It is credited when the provider says that it was paid.",
            top_up_id=top_up_id,
            gateway=gateway,
        )


class TopUpGatewayUnknown(CounterfoilError):
    """The exchange offers no such way to pay."""

    kind = ErrorKind.INVALID
    slug = "top-up-gateway-unknown"
    title = "There is no such way to pay here"

    def __init__(self, gateway: str) -> None:
        super().__init__("GET /v1/payment-gateways lists the ways to pay.", gateway=gateway)


class TopUpCurrencyNotTaken(CounterfoilError):
    """The exchange has no bank account in the currency, so there is nowhere to transfer it to."""

    kind = ErrorKind.INVALID
    slug = "top-up-currency-not-taken"
    title = "This currency is not taken that way"

    def __init__(self, gateway: str, currency: str, currencies: Sequence[str]) -> None:
        super().__init__(
            "GET /v1/payment-gateways lists the ways to pay, each with its currencies.",
            gateway=gateway,
            currency=currency,
            currencies=list(currencies),
        )


class TopUpArrived(CounterfoilError):
    """A first person saw the money arrive, so its buyer cannot give it up any more."""

    kind = ErrorKind.CONFLICT
    slug = "top-up-arrived"
    title = "The money of this top-up has arrived"

    def __init__(self, top_up_id: str) -> None:
        super().__init__(
            "A first person of the exchange saw the money arrive. It is credited when a second"
            " confirms it, and can be withdrawn then.",
            top_up_id=top_up_id,
        )
