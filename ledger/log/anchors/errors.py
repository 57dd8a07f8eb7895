"""What asking for an anchor may be refused with."""

from app.core.errors import CounterfoilError, ErrorKind


class NothingAnchored(CounterfoilError):
    """No anchor is in a block yet."""

    kind = ErrorKind.NOT_FOUND
    slug = "nothing-anchored"
    title = "Nothing is anchored yet"

    def __init__(self) -> None:
        super().__init__("The first anchor follows the first checkpoint.", retry_after_seconds=5)
