"""Refusals about bank details, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


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


class NoReturnStated(CounterfoilError):
    """Nobody said that it came back, or two did and it is done."""

    kind = ErrorKind.CONFLICT
    slug = "no-return-stated"
    title = "There is no word to take back"

    def __init__(self, subject_id: str) -> None:
        super().__init__(
            "Only a first word that waits for its second can be taken back.", subject_id=subject_id
        )
