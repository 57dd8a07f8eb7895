"""Refusals of settlement runs and payouts, each named as the fact it states."""

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


class StatementRowNotFound(CounterfoilError):
    """The statement has no row of this licence, or is from before rows were committed to."""

    kind = ErrorKind.NOT_FOUND
    slug = "statement-row-not-found"
    title = "The statement has no such row"

    def __init__(self, settlement_id: str, licence_id: str) -> None:
        super().__init__(
            f"The statement of {settlement_id} has no provable row of {licence_id}.",
            settlement_id=settlement_id,
            licence_id=licence_id,
        )


class StatementNotYetPublished(CounterfoilError):
    """The statement's leaf is not yet under a signed checkpoint."""

    kind = ErrorKind.CONFLICT
    slug = "statement-not-yet-published"
    title = "The log has not yet published this statement"

    def __init__(self, settlement_id: str) -> None:
        super().__init__(
            "The statement's entry is not yet under a signed checkpoint; ask again shortly.",
            retry_after_seconds=2,
            settlement_id=settlement_id,
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


class BankAccountNotFound(CounterfoilError):
    """No such bank details in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "bank-account-not-found"
    title = "There are no such bank details"

    def __init__(self, bank_account_id: str) -> None:
        super().__init__(
            f"No bank details {bank_account_id} within your reach.",
            bank_account_id=bank_account_id,
        )


class BankAccountInForce(CounterfoilError):
    """Details that count are replaced by newer ones, not cancelled."""

    kind = ErrorKind.CONFLICT
    slug = "bank-account-in-force"
    title = "These bank details already count"

    def __init__(self, bank_account_id: str) -> None:
        super().__init__(
            "Only details that still wait can be cancelled; register others to replace them.",
            bank_account_id=bank_account_id,
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
