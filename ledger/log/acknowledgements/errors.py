"""What is refused about acknowledgements, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class AcknowledgementKeyUnknown(CounterfoilError):
    """The key is not registered, is withdrawn, or is not the buyer's of this licence."""

    kind = ErrorKind.FORBIDDEN
    slug = "acknowledgement-key-unknown"
    title = "This key does not speak for the buyer of this licence"

    def __init__(self) -> None:
        super().__init__("Register the buyer's key first; a withdrawn key signs nothing new.")


class AcknowledgementKeyTaken(CounterfoilError):
    """The key is registered already."""

    kind = ErrorKind.CONFLICT
    slug = "acknowledgement-key-taken"
    title = "This key is registered already"

    def __init__(self) -> None:
        super().__init__("Each key is registered once; a withdrawn one stays withdrawn.")


class AcknowledgementKeyNotFound(CounterfoilError):
    """The organisation has no key of this id."""

    kind = ErrorKind.NOT_FOUND
    slug = "acknowledgement-key-not-found"
    title = "There is no such acknowledgement key"

    def __init__(self, key_id: str) -> None:
        super().__init__("No key of your organisation has this id.", key_id=key_id)


class AcknowledgementDiffers(CounterfoilError):
    """A lane of the acknowledgement is not what the log holds.

    If the buyer's receipts say so, the exchange has signed two statements that contradict each
    other: the answer names the lane, the receipts are the evidence.
    """

    kind = ErrorKind.CONFLICT
    slug = "acknowledgement-differs"
    title = "The acknowledgement is not what the log holds"

    def __init__(self, lane: int, n: int) -> None:
        super().__init__(
            "The log holds another leaf, or none, for this number of the lane.", lane=lane, n=n
        )
