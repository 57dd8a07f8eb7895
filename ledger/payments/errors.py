"""Refusals of payments, each named as the fact that it states."""

from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class AmountUnfit(CounterfoilError):
    """The provider moves whole minor units of certain currencies, and this is not one."""

    kind = ErrorKind.INVALID
    slug = "payment-amount-unfit"
    title = "The payment provider cannot move this amount"

    def __init__(self, amount: int, currency: str, reason: str) -> None:
        super().__init__(reason, amount=format_amount(amount), currency=currency)


class GatewayNotConfigured(CounterfoilError):
    """The exchange has no such payment provider, or not for this currency or direction."""

    kind = ErrorKind.INVALID
    slug = "payment-gateway-not-configured"
    title = "This payment gateway is not configured here"

    def __init__(self, gateway: str) -> None:
        super().__init__("GET /v1/payment-gateways lists those that are.", gateway=gateway)


class OperationNotFound(CounterfoilError):
    """No such operation in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "payment-operation-not-found"
    title = "There is no such payment operation"

    def __init__(self, operation_id: str) -> None:
        super().__init__(
            f"No operation {operation_id} within your reach.", operation_id=operation_id
        )


class NotRefundable(CounterfoilError):
    """Only a payment that arrived and stayed, or a transfer that was paid, can be undone."""

    kind = ErrorKind.CONFLICT
    slug = "payment-not-refundable"
    title = "There is nothing here that could be given back"

    def __init__(self, subject_id: str, state: str) -> None:
        super().__init__(
            "It must have been paid through a gateway and not be disputed.",
            subject_id=subject_id,
            state=state,
        )


class RefundExceedsPayment(CounterfoilError):
    """Together with what was given back already it would be more than was paid."""

    kind = ErrorKind.CONFLICT
    slug = "refund-exceeds-payment"
    title = "More would be given back than was paid"

    def __init__(self, *, asked: int, left: int, currency: str) -> None:
        super().__init__(
            f"{format_amount(left)} {currency} of it can still be given back.",
            amount=format_amount(asked),
            left_amount=format_amount(left),
            currency=currency,
        )


class OperationNeedsSecondPerson(CounterfoilError):
    """Whoever asked for it cannot approve it."""

    kind = ErrorKind.FORBIDDEN
    slug = "operation-needs-second-person"
    title = "Another person must approve this"

    def __init__(self, operation_id: str) -> None:
        super().__init__(
            "You asked for it; a different operator decides.", operation_id=operation_id
        )


class ApproverNotIndependent(CounterfoilError):
    """The money is the approver's own organisation's."""

    kind = ErrorKind.FORBIDDEN
    slug = "operation-approver-not-independent"
    title = "A party does not approve its own money"

    def __init__(self, operation_id: str) -> None:
        super().__init__("The exchange's own people decide.", operation_id=operation_id)


class NoticeRefused(CounterfoilError):
    """A notice whose signature, time or form is not the provider's."""

    kind = ErrorKind.MALFORMED
    slug = "payment-notice-refused"
    title = "This is not a notice of the payment provider"

    def __init__(self) -> None:
        super().__init__("The signature over the raw body does not verify, or its time is not now.")


class NoticeNotFound(CounterfoilError):
    """No such notice."""

    kind = ErrorKind.NOT_FOUND
    slug = "payment-notice-not-found"
    title = "There is no such notice"

    def __init__(self, notice_id: str) -> None:
        super().__init__(f"No notice {notice_id}.", notice_id=notice_id)


class NoticeNotDead(CounterfoilError):
    """Only what was given up can be taken up again."""

    kind = ErrorKind.CONFLICT
    slug = "payment-notice-not-dead"
    title = "This notice has not been given up"

    def __init__(self, notice_id: str, state: str) -> None:
        super().__init__("Only a dead notice is replayed.", notice_id=notice_id, state=state)


class FindingNotFound(CounterfoilError):
    """No such open finding."""

    kind = ErrorKind.NOT_FOUND
    slug = "payment-finding-not-found"
    title = "There is no such open finding"

    def __init__(self, finding_id: str) -> None:
        super().__init__(f"No open finding {finding_id}.", finding_id=finding_id)


class PayoutAccountNotFound(CounterfoilError):
    """The organisation has no account at this provider."""

    kind = ErrorKind.NOT_FOUND
    slug = "payout-account-not-found"
    title = "There is no payout account here"

    def __init__(self, gateway: str) -> None:
        super().__init__("Open one with POST /v1/payout-accounts.", gateway=gateway)


class PayoutAccountNotOpen(CounterfoilError):
    """The provider has not opened the account yet, so there is nothing to link to."""

    kind = ErrorKind.CONFLICT
    slug = "payout-account-not-open"
    title = "The provider has not opened this account yet"

    def __init__(self, gateway: str, state: str) -> None:
        super().__init__(
            "It is opened in the background; ask again shortly.",
            retry_after_seconds=2,
            gateway=gateway,
            state=state,
        )


class PayoutAccountRefused(CounterfoilError):
    """The provider refused to open the account; another may be asked for."""

    kind = ErrorKind.CONFLICT
    slug = "payout-account-refused"
    title = "The provider refused to open this account"

    def __init__(self, gateway: str, reason_code: str | None) -> None:
        super().__init__(
            "Mend what reason_code says and ask again with POST /v1/payout-accounts.",
            gateway=gateway,
            reason_code=reason_code,
        )


class PayoutAccountRejected(CounterfoilError):
    """The provider opened the account and wants no more of it."""

    kind = ErrorKind.CONFLICT
    slug = "payout-account-rejected"
    title = "The provider rejected this account"

    def __init__(self, gateway: str, reason_code: str | None) -> None:
        super().__init__(
            "Only the provider takes that back; be paid by bank transfer meanwhile.",
            gateway=gateway,
            reason_code=reason_code,
        )


class PayoutAccountNotReady(CounterfoilError):
    """A payout there would be refused, and its money would wait for the next settlement."""

    kind = ErrorKind.CONFLICT
    slug = "payout-account-not-ready"
    title = "The supplier's account at the provider is not ready"

    def __init__(
        self, organisation_id: str, gateway: str, *, state: str | None, reason_code: str | None
    ) -> None:
        super().__init__(
            f"The provider rejected the account at {gateway}; pay by bank transfer."
            if state == "rejected"
            else f"Its owner opens an account at {gateway} and tells the provider what it asks.",
            organisation_id=organisation_id,
            gateway=gateway,
            state=state,
            reason_code=reason_code,
        )


class CheckoutNotFound(CounterfoilError):
    """The address names no payment that can be made."""

    kind = ErrorKind.NOT_FOUND
    slug = "checkout-not-found"
    title = "There is no such checkout"

    def __init__(self) -> None:
        super().__init__("Use the address in pay_into of the top-up, unchanged.")


class CheckoutClosed(CounterfoilError):
    """The payment was made, given up or refused; there is nothing left to pay."""

    kind = ErrorKind.CONFLICT
    slug = "checkout-closed"
    title = "There is nothing left to pay here"

    def __init__(self, state: str) -> None:
        super().__init__("Its top-up says what became of it.", state=state)


class ProviderAway(CounterfoilError):
    """The payment provider does not answer, or wants to be asked later."""

    kind = ErrorKind.UNAVAILABLE
    slug = "payment-provider-away"
    title = "The payment provider does not answer"

    def __init__(self, gateway: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(
            "Nothing was lost; ask again shortly.",
            retry_after_seconds=retry_after_seconds,
            gateway=gateway,
        )


class ProviderRefused(CounterfoilError):
    """The payment provider refuses this for good."""

    kind = ErrorKind.BAD_GATEWAY
    slug = "payment-provider-refused"
    title = "The payment provider refuses this"

    def __init__(self, gateway: str, reason_code: str) -> None:
        super().__init__("An operator sees why.", gateway=gateway, reason_code=reason_code)


class CalledInsideTransaction(RuntimeError):
    """A provider was about to be called while a database transaction was open: a bug."""
