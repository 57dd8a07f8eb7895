"""Refusals of data contracts."""

from collections.abc import Sequence

from app.core.errors import CounterfoilError, ErrorKind
from listings.errors import Fault, as_errors


class ContractUnreadable(CounterfoilError):
    """The text as a whole is no data contract that can be read."""

    kind = ErrorKind.INVALID
    slug = "contract-unreadable"
    title = "The data contract cannot be read"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class ContractInvalid(CounterfoilError):
    """Parts of a data contract are wrong; ``errors`` lists them by their place in it."""

    kind = ErrorKind.INVALID
    slug = "contract-invalid"
    title = "Parts of the data contract are wrong"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} fault(s); see errors.", errors=as_errors(faults))
