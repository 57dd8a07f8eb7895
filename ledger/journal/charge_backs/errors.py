"""Refusals about money that goes back, each named as the fact it states."""

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
