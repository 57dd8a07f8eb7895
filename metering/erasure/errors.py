"""What requests for erasure are refused for."""

from app.core.errors import CounterfoilError, ErrorKind


class ErasureNotFound(CounterfoilError):
    """There is no request for erasure of this id."""

    kind = ErrorKind.NOT_FOUND
    slug = "erasure-not-found"
    title = "There is no such request for erasure"

    def __init__(self, erasure_id: str) -> None:
        super().__init__("No request for erasure has this id.", erasure_id=erasure_id)


class ErasureDecided(CounterfoilError):
    """The request was declined, or agreed to, before."""

    kind = ErrorKind.CONFLICT
    slug = "erasure-decided"
    title = "The request for erasure is decided"

    def __init__(self, erasure_id: str, state: str) -> None:
        super().__init__(
            "Agreed to or declined, it stays so; propose another.",
            erasure_id=erasure_id,
            state=state,
        )


class ErasureNeedsAnotherPerson(CounterfoilError):
    """Whoever proposed an erasure cannot agree to it as well."""

    kind = ErrorKind.FORBIDDEN
    slug = "erasure-needs-another-person"
    title = "Another person has to agree to the erasure"

    def __init__(self, erasure_id: str) -> None:
        super().__init__(
            "What is erased is gone: a second operator agrees to it.", erasure_id=erasure_id
        )
