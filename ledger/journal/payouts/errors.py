"""Refusals of payouts, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class PayoutNotFound(CounterfoilError):
    """No such payout in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "payout-not-found"
    title = "There is no such payout"

    def __init__(self, payout_id: str) -> None:
        super().__init__(f"No payout {payout_id} within your reach.", payout_id=payout_id)


class PayoutExists(CounterfoilError):
    """A settlement is paid out once."""

    kind = ErrorKind.CONFLICT
    slug = "payout-exists"
    title = "This settlement already has a payout"

    def __init__(self, settlement_id: str, payout_id: str) -> None:
        super().__init__(
            f"Payout {payout_id} is of this settlement; cancel it or let it end.",
            settlement_id=settlement_id,
            payout_id=payout_id,
        )


class PayoutGatewayUnknown(CounterfoilError):
    """The exchange has no such way to pay out."""

    kind = ErrorKind.INVALID
    slug = "payout-gateway-unknown"
    title = "There is no such way to pay out here"

    def __init__(self, gateway: str) -> None:
        super().__init__("GET /v1/payment-gateways lists the ways to pay.", gateway=gateway)


class NothingToPayOut(CounterfoilError):
    """The settlement carried everything over."""

    kind = ErrorKind.CONFLICT
    slug = "nothing-to-pay-out"
    title = "There is nothing to pay out"

    def __init__(self, settlement_id: str) -> None:
        super().__init__(
            "The settlement carried its balance over to the next one.",
            settlement_id=settlement_id,
        )


class BankAccountMissing(CounterfoilError):
    """No bank details of the supplier count yet."""

    kind = ErrorKind.CONFLICT
    slug = "bank-account-missing"
    title = "The supplier has no bank details in force"

    def __init__(self, organisation_id: str, currency: str) -> None:
        super().__init__(
            f"The supplier registers bank details for {currency}; they count after a waiting"
            " period.",
            organisation_id=organisation_id,
            currency=currency,
        )


class BankAccountChanged(CounterfoilError):
    """Other bank details came into force between proposal and approval."""

    kind = ErrorKind.CONFLICT
    slug = "bank-account-changed"
    title = "The bank details changed since the proposal"

    def __init__(self, payout_id: str) -> None:
        super().__init__(
            "The proposal names bank details that no longer count; cancel it and propose anew.",
            payout_id=payout_id,
        )


class PayoutNotByHand(CounterfoilError):
    """Another gateway sends this payout and tells the outcome itself."""

    kind = ErrorKind.CONFLICT
    slug = "payout-not-by-hand"
    title = "This payout is not sent by hand"

    def __init__(self, payout_id: str, gateway: str) -> None:
        super().__init__(
            f"The gateway {gateway} sends it and tells what became of it.",
            payout_id=payout_id,
            gateway=gateway,
        )


class PayoutNotApproved(CounterfoilError):
    """Nobody enters a transfer that is not approved, or no longer due."""

    kind = ErrorKind.CONFLICT
    slug = "payout-not-approved"
    title = "This payout is not approved to be sent"

    def __init__(self, payout_id: str, state: str) -> None:
        super().__init__(
            f"Bank details are shown of an approved payout; this one is {state}.",
            payout_id=payout_id,
            state=state,
        )
