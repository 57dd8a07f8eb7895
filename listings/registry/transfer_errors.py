"""Why a registration is not transferred; each class states one fact."""

from app.core.errors import CounterfoilError, ErrorKind


class TransferNotFound(CounterfoilError):
    """No transfer of this id has the caller as a party."""

    kind = ErrorKind.NOT_FOUND
    slug = "transfer-not-found"
    title = "There is no such transfer"

    def __init__(self, transfer_id: str) -> None:
        super().__init__(f"No transfer {transfer_id} of yours.", transfer_id=transfer_id)


class TransfereeUnknown(CounterfoilError):
    """A registration goes to another verified supplier, and this is none."""

    kind = ErrorKind.INVALID
    slug = "transferee-unknown"
    title = "The transferee is not another verified supplier"

    def __init__(self, transferee_id: str) -> None:
        detail = "This is no other verified supplier."
        super().__init__(
            "A registration is transferred to another verified supplier.",
            errors=[{"pointer": "#/transferee_id", "detail": detail}],
            transferee_id=transferee_id,
        )


class RegistrationNotInForce(CounterfoilError):
    """Only what is final and in force can be transferred."""

    kind = ErrorKind.CONFLICT
    slug = "registration-not-in-force"
    title = "Only a final registration in force is transferred"

    def __init__(self, registration_id: str, state: str) -> None:
        super().__init__(
            f"The registration is {state}.", registration_id=registration_id, state=state
        )


class TransferOpen(CounterfoilError):
    """A transfer of the product's registration is under way."""

    kind = ErrorKind.CONFLICT
    slug = "transfer-open"
    title = "A transfer of this registration is under way"

    def __init__(self, transfer_id: str) -> None:
        super().__init__(
            "Until it is completed, declined or withdrawn the product is neither put on sale, nor"
            " given up, nor transferred to somebody else.",
            transfer_id=transfer_id,
        )


class TransferDeedDiffers(CounterfoilError):
    """What is accepted is another deed than what was proposed."""

    kind = ErrorKind.CONFLICT
    slug = "transfer-deed-differs"
    title = "The transfer rests on another deed"

    def __init__(self, transfer_id: str, deed_hash: str) -> None:
        super().__init__(
            "Compare the document that you signed with the one whose hash the holder gave.",
            transfer_id=transfer_id,
            deed_hash=deed_hash,
        )


class SuccessorRegistered(CounterfoilError):
    """The exchange has registered the successor: nobody steps back any more."""

    kind = ErrorKind.CONFLICT
    slug = "successor-registered"
    title = "The transferee is registered already"

    def __init__(self, transfer_id: str, registration_id: str) -> None:
        super().__init__(
            "The transfer is completed when the successor's registration is final.",
            transfer_id=transfer_id,
            registration_id=registration_id,
        )
