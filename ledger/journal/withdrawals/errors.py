"""Refusals of withdrawals, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class WithdrawalNotFound(CounterfoilError):
    """No such withdrawal in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "withdrawal-not-found"
    title = "There is no such withdrawal"

    def __init__(self, withdrawal_id: str) -> None:
        super().__init__(
            f"No withdrawal {withdrawal_id} within your reach.", withdrawal_id=withdrawal_id
        )


class WithdrawalExceedsRefundable(CounterfoilError):
    """More is asked for than is free in the wallet and came by the bank."""

    kind = ErrorKind.CONFLICT
    slug = "withdrawal-exceeds-refundable"
    title = "Less than this can be paid back"

    def __init__(self, currency: str, *, refundable_amount: int, asked_amount: int) -> None:
        super().__init__(
            "Money that is free in the wallet goes back, at most what came by bank transfer.",
            currency=currency,
            refundable_amount=format_amount(refundable_amount),
            asked_amount=format_amount(asked_amount),
        )


class WithdrawalAccountMissing(CounterfoilError):
    """No bank details of the organisation count yet in this currency."""

    kind = ErrorKind.CONFLICT
    slug = "withdrawal-account-missing"
    title = "No bank account is in force"

    def __init__(self, organisation_id: str, currency: str) -> None:
        super().__init__(
            "Register where the money shall go (POST /v1/bank-accounts); it counts after three"
            " days.",
            organisation_id=organisation_id,
            currency=currency,
        )


class WithdrawalAccountChanged(CounterfoilError):
    """Other bank details came into force since the money was asked for."""

    kind = ErrorKind.CONFLICT
    slug = "withdrawal-account-changed"
    title = "The bank details changed since the request"

    def __init__(self, withdrawal_id: str) -> None:
        super().__init__(
            "The request names bank details that no longer count; cancel it and ask anew.",
            withdrawal_id=withdrawal_id,
        )


class WithdrawalNotApproved(CounterfoilError):
    """Bank details are shown for a transfer that is approved and not yet sent."""

    kind = ErrorKind.CONFLICT
    slug = "withdrawal-not-approved"
    title = "This withdrawal is not approved to be sent"

    def __init__(self, withdrawal_id: str, state: str) -> None:
        super().__init__(f"The withdrawal is {state}.", withdrawal_id=withdrawal_id, state=state)


class MayNotCancelWithdrawal(CounterfoilError):
    """Cancelling needs the buyer's own purchasing role or an operator."""

    kind = ErrorKind.FORBIDDEN
    slug = "may-not-cancel-withdrawal"
    title = "You may not cancel this withdrawal"

    def __init__(self, withdrawal_id: str) -> None:
        super().__init__(
            "A buyer of the organisation or an operator of the exchange cancels a withdrawal.",
            withdrawal_id=withdrawal_id,
        )
