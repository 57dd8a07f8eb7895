"""Refusals of what the books know of the trade."""

from app.core.errors import CounterfoilError, ErrorKind


class LicencePartiesNotFound(CounterfoilError):
    """No licence of that id in which the caller is the party that is asked for."""

    kind = ErrorKind.NOT_FOUND
    slug = "booked-licence-not-found"
    title = "There is no such licence in the books"

    def __init__(self, licence_id: str) -> None:
        super().__init__(f"No licence {licence_id} within your reach.", licence_id=licence_id)
