"""Refusals of other exchanges' tables."""

from app.core.errors import CounterfoilError, ErrorKind


class ImportUnreadable(CounterfoilError):
    """The file as a whole cannot be read as one of the known shapes."""

    kind = ErrorKind.INVALID
    slug = "import-unreadable"
    title = "The file cannot be imported"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
