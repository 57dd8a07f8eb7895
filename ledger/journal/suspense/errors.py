"""Refusals about money of which nobody knows whose it is, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class SuspenseNotFound(CounterfoilError):
    """No money stands on the suspense account under this reference."""

    kind = ErrorKind.NOT_FOUND
    slug = "suspense-not-found"
    title = "No such money is in suspense"

    def __init__(self, reference: str) -> None:
        super().__init__(f"No unexplained money arrived under {reference}.", reference=reference)


class SuspenseAssigned(CounterfoilError):
    """Money is assigned once; another proposal about it waits or was approved."""

    kind = ErrorKind.CONFLICT
    slug = "suspense-assigned"
    title = "This money is assigned already"

    def __init__(self, reference: str, assignment_id: str) -> None:
        super().__init__(
            f"Assignment {assignment_id} is about it; decline it first if it is wrong.",
            reference=reference,
            assignment_id=assignment_id,
        )


class SuspenseAssignmentNotFound(CounterfoilError):
    """No such assignment."""

    kind = ErrorKind.NOT_FOUND
    slug = "suspense-assignment-not-found"
    title = "There is no such assignment"

    def __init__(self, assignment_id: str) -> None:
        super().__init__(f"No assignment {assignment_id}.", assignment_id=assignment_id)


class SuspenseReturned(CounterfoilError):
    """The suspense account no longer holds the amount: it was returned meanwhile."""

    kind = ErrorKind.CONFLICT
    slug = "suspense-returned"
    title = "This money is not in suspense any more"

    def __init__(self, reference: str) -> None:
        super().__init__(
            "The suspense account holds less: the provider's statement shows that money went back.",
            reference=reference,
        )


class SuspenseReturnNotFound(CounterfoilError):
    """No such return."""

    kind = ErrorKind.NOT_FOUND
    slug = "suspense-return-not-found"
    title = "There is no such return"

    def __init__(self, return_id: str) -> None:
        super().__init__(f"No return {return_id}.", return_id=return_id)


class SuspenseReturnExists(CounterfoilError):
    """The money goes back, or is proposed to."""

    kind = ErrorKind.CONFLICT
    slug = "suspense-return-exists"
    title = "This money goes back already"

    def __init__(self, reference: str, return_id: str) -> None:
        super().__init__(
            f"Return {return_id} is about it.", reference=reference, return_id=return_id
        )


class SuspenseReturnsAtProvider(CounterfoilError):
    """Money at a provider goes back at the provider."""

    kind = ErrorKind.CONFLICT
    slug = "suspense-returns-at-provider"
    title = "This money goes back at its provider"

    def __init__(self, reference: str) -> None:
        super().__init__("Refund it there; the next sweep books what left.", reference=reference)
