"""The ways in which a supplier's system fails a call; all free, all counted for the supplier."""

from enum import StrEnum
from typing import ClassVar

from app.core.errors import CounterfoilError, ErrorKind


class FailureKind(StrEnum):
    """What a supplier is told about a delivery that failed."""

    TIMED_OUT = "timed_out"
    NAME_UNRESOLVED = "name_unresolved"
    ADDRESS_UNFIT = "address_unfit"
    """The listing's URL cannot be asked."""
    ADDRESS_REFUSED = "address_refused"
    """The name led to an address that the exchange does not connect to."""
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    CLOSED_EARLY = "closed_early"
    ANSWER_BROKEN = "answer_broken"
    """Not one HTTP/1.1 answer whose end is beyond doubt."""
    ANSWER_TOO_LARGE = "answer_too_large"
    REDIRECTED = "redirected"
    CREDENTIAL_REFUSED = "credential_refused"
    ERROR_STATUS = "error_status"
    DECLARED = "declared"
    """The listing's own rule calls the answer a failure."""
    NOT_JSON = "not_json"
    SCHEMA_MISMATCH = "schema_mismatch"
    INPUT_REFUSED = "input_refused"
    LENGTH_DIFFERS = "length_differs"
    """A file, or a part of it, has another length than the version declares."""
    HASH_DIFFERS = "hash_differs"
    RANGE_NOT_SERVED = "range_not_served"
    """A part of a file was asked for, and something else came."""
    BUSY = "busy"
    """As many calls wait for the supplier's system as may."""


class DeliveryFailed(CounterfoilError):
    """Nothing was delivered, nothing is charged, and the supplier can see why."""

    kind = ErrorKind.BAD_GATEWAY
    slug: ClassVar[str] = "upstream-failed"
    title = "The supplier's system failed"
    failure: FailureKind
    failure_detail: str = ""
    """What helps the supplier: a status, the name of a field. Never anything of an answer."""


class UpstreamUnusable(DeliveryFailed):
    """The supplier's system failed; nothing is charged."""

    def __init__(self, failure: FailureKind, detail: str = "") -> None:
        super().__init__("The supplier's system gave no usable answer. Nothing was charged.")
        self.failure, self.failure_detail = failure, detail


class UpstreamTooSlow(DeliveryFailed):
    """The supplier's system did not answer in its time; nothing is charged."""

    kind = ErrorKind.GATEWAY_TIMEOUT
    slug = "upstream-timed-out"
    title = "The supplier's system took too long"
    failure = FailureKind.TIMED_OUT

    def __init__(self) -> None:
        super().__init__("The supplier's system did not answer in time. Nothing was charged.")


class UpstreamBusy(DeliveryFailed):
    """As many calls wait for this supplier's system as may; the others' must not wait for it."""

    kind = ErrorKind.UNAVAILABLE
    slug = "upstream-busy"
    title = "Too many calls wait for the supplier's system"
    failure = FailureKind.BUSY

    def __init__(self) -> None:
        super().__init__(
            "Too many calls wait for this supplier's system. Nothing was charged. Try again.",
            retry_after_seconds=1,
        )


class FileNotServed(DeliveryFailed):
    """The supplier's system did not serve a file as it is listed."""

    slug = "file-not-served"
    title = "The supplier's system did not serve the file"

    def __init__(self, failure: FailureKind, detail: str = "") -> None:
        super().__init__(
            "The supplier's system did not serve the file as listed, and its supplier is told."
            " The address stays good."
        )
        self.failure, self.failure_detail = failure, detail


class AnswerBreaksSchema(DeliveryFailed):
    """The supplier's answer breaks the listing's schema; it is neither delivered nor charged."""

    slug = "answer-breaks-schema"
    title = "The supplier's answer does not fit the listing"

    def __init__(self, mismatch: str, failure: FailureKind = FailureKind.SCHEMA_MISMATCH) -> None:
        super().__init__(
            "The answer breaks the listing's schema. Nothing was charged.", mismatch=mismatch
        )
        self.failure, self.failure_detail = failure, mismatch


class InputRefusedUpstream(DeliveryFailed):
    """The supplier's system refused the input; nothing is charged."""

    kind = ErrorKind.INVALID
    slug = "input-refused-upstream"
    title = "The supplier's system refused the input"
    failure = FailureKind.INPUT_REFUSED

    def __init__(self, upstream_status: int) -> None:
        super().__init__(
            "The supplier's system refused the input. Nothing was charged.",
            upstream_status=upstream_status,
        )
        self.failure_detail = str(upstream_status)
