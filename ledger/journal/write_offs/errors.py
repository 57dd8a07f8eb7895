"""Refusals about debts that are to be written off, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class WriteOffNotFound(CounterfoilError):
    """No such write-off in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "write-off-not-found"
    title = "There is no such write-off"

    def __init__(self, write_off_id: str) -> None:
        super().__init__(
            f"No write-off {write_off_id} within your reach.", write_off_id=write_off_id
        )


class NothingOwed(CounterfoilError):
    """The organisation owes nothing in this currency."""

    kind = ErrorKind.CONFLICT
    slug = "nothing-owed"
    title = "Nothing is owed"

    def __init__(self, organisation_id: str, currency: str) -> None:
        super().__init__(
            f"{organisation_id} owes nothing in {currency}.",
            organisation_id=organisation_id,
            currency=currency,
        )


class WriteOffProposed(CounterfoilError):
    """Another proposal about the same debt waits for its second person."""

    kind = ErrorKind.CONFLICT
    slug = "write-off-proposed"
    title = "This debt is proposed already"

    def __init__(self, write_off_id: str) -> None:
        super().__init__(
            f"Write-off {write_off_id} waits for a decision.", write_off_id=write_off_id
        )


class DebtChanged(CounterfoilError):
    """What is owed is no longer what was proposed."""

    kind = ErrorKind.CONFLICT
    slug = "debt-changed"
    title = "Another amount is owed by now"

    def __init__(self, write_off_id: str, *, proposed_amount: int, owed_amount: int) -> None:
        super().__init__(
            "Decline it and propose what is owed now.",
            write_off_id=write_off_id,
            proposed_amount=format_amount(proposed_amount),
            owed_amount=format_amount(owed_amount),
        )


class WalletInUse(CounterfoilError):
    """Calls hold money of the wallet, so what is owed is not final."""

    kind = ErrorKind.CONFLICT
    slug = "wallet-in-use"
    title = "Calls hold money of this wallet"

    def __init__(self, organisation_id: str, *, pending_amount: int) -> None:
        super().__init__(
            "Wait until no call holds money of it, or suspend its licences.",
            organisation_id=organisation_id,
            pending_amount=format_amount(pending_amount),
        )
