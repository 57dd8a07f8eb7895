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
