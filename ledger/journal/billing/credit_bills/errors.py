"""Refusals of credit lines' bills."""

from app.core.errors import CounterfoilError, ErrorKind


class CreditBillNotFound(CounterfoilError):
    """No such bill in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "credit-bill-not-found"
    title = "There is no such bill"

    def __init__(self, bill_id: str) -> None:
        super().__init__(f"No bill {bill_id} within your reach.", bill_id=bill_id)
