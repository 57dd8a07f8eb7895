"""Errors are named as facts; their kind is chosen here, their HTTP status in `app.web.problems`."""

from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """What sort of fact an error states."""

    INVALID = "invalid"
    MALFORMED = "malformed"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    PRECONDITION_FAILED = "precondition-failed"
    PAYMENT_REQUIRED = "payment-required"
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable"
    QUOTA_EXHAUSTED = "quota-exhausted"
    TOO_LARGE = "too-large"
    RATE_LIMITED = "rate-limited"
    BAD_GATEWAY = "bad-gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway-timeout"


STATUS: dict[ErrorKind, int] = {
    ErrorKind.INVALID: 422,
    ErrorKind.MALFORMED: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.PRECONDITION_FAILED: 412,
    ErrorKind.PAYMENT_REQUIRED: 402,
    ErrorKind.RANGE_NOT_SATISFIABLE: 416,
    ErrorKind.QUOTA_EXHAUSTED: 403,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.BAD_GATEWAY: 502,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.GATEWAY_TIMEOUT: 504,
}
"""Kind -> HTTP status, the one place; both planes read it."""


class CounterfoilError(Exception):
    """A refusal that a caller can understand: slug and title fixed per class, facts per case."""

    kind: ClassVar[ErrorKind]
    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(
        self, detail: str, *, retry_after_seconds: int | None = None, **facts: object
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.facts = facts

    @property
    def status(self) -> int:
        """The HTTP status of this kind of fact."""
        return STATUS[self.kind]


def slugs() -> frozenset[str]:
    """The slug of every refusal that this process can make."""
    found, waiting = set(), [CounterfoilError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        waiting += kinds
        found |= {vars(kind)["slug"] for kind in kinds if "slug" in vars(kind)}
    return frozenset(found)


class WorkCrossed(CounterfoilError):
    """Two pieces of work waited for each other's rows; the database undid this one."""

    kind = ErrorKind.UNAVAILABLE
    slug = "work-crossed"
    title = "Somebody else's work crossed this one"

    def __init__(self) -> None:
        super().__init__("Nothing was changed. Send the same request again.", retry_after_seconds=1)


class DatabaseUnavailable(CounterfoilError):
    """The database cannot be reached, or was lost while it worked for the request."""

    kind = ErrorKind.UNAVAILABLE
    slug = "database-unavailable"
    title = "The database cannot be reached"

    def __init__(self) -> None:
        super().__init__(
            "Whether the request was carried out is not known here. Send it again under the same"
            " Idempotency-Key.",
            retry_after_seconds=2,
        )


class InvalidFields(CounterfoilError):
    """Fields break a rule of their form; ``errors`` lists ``{pointer, detail}`` (RFC 9457)."""

    kind = ErrorKind.INVALID
    slug = "validation-error"
    title = "The request does not fit its schema"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(f"{len(errors)} field(s) are not acceptable; see errors.", errors=errors)
