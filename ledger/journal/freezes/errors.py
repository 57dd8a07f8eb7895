"""Refusals of freezes, each named as the fact that it states."""

from app.core.errors import CounterfoilError, ErrorKind


class FreezeNotFound(CounterfoilError):
    """No such freeze in reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "account-freeze-not-found"
    title = "There is no such freeze"

    def __init__(self, freeze_id: str) -> None:
        super().__init__(f"No freeze {freeze_id} within your reach.", freeze_id=freeze_id)


class FreezeIsLifted(CounterfoilError):
    """The freeze was lifted before."""

    kind = ErrorKind.CONFLICT
    slug = "account-freeze-lifted"
    title = "The freeze is lifted already"

    def __init__(self, freeze_id: str) -> None:
        super().__init__("Nothing is left to lift.", freeze_id=freeze_id)
