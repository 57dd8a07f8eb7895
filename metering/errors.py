"""The facts for which metering refuses; a class a slug, explained in docs/problems.md."""

from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind
from app.core.money import format_amount


class CallKeyMissing(CounterfoilError):
    """A call came without a key."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "call-key-missing"
    title = "A call needs a key"

    def __init__(self) -> None:
        super().__init__("Send 'Authorization: Bearer cfk_…' with the key of your licence.")


class CallKeyUnknown(CounterfoilError):
    """The key is not one of ours, was withdrawn, or has expired; which, is not told."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "call-key-unknown"
    title = "The key is not valid"

    def __init__(self) -> None:
        super().__init__("The key is unknown, withdrawn or expired.")


class AnswerBeyondQuota(CounterfoilError):
    """The answer counts more units than are left; it is not delivered and not charged."""

    kind = ErrorKind.QUOTA_EXHAUSTED
    slug = "answer-beyond-quota"
    title = "The answer is larger than what is left of the quota"

    def __init__(self, units: int, units_left: int) -> None:
        super().__init__(
            f"The answer counts {units} units and only {units_left} can still be paid for.",
            units=units,
            units_left=units_left,
        )


class CallRateExceeded(CounterfoilError):
    """The calls of this second are used: the key's, the licence's or the supplier's."""

    kind = ErrorKind.RATE_LIMITED
    slug = "call-rate-exceeded"
    title = "Too many calls in this second"

    def __init__(self, limit: str, calls_per_second: int, standing: str) -> None:
        super().__init__(
            f"The {limit} permits {calls_per_second} calls a second.",
            retry_after_seconds=1,
            limit=limit,
            calls_per_second=calls_per_second,
        )
        self.standing = standing


class IdempotencyKeyMalformed(CounterfoilError):
    """The Idempotency-Key is empty, too long, not printable ASCII, or there are two."""

    kind = ErrorKind.MALFORMED
    slug = "call-idempotency-key-malformed"
    title = "The Idempotency-Key cannot be used"

    def __init__(self) -> None:
        super().__init__(
            "Send one Idempotency-Key: 1 to 128 printable ASCII characters, no comma among them."
        )


class IdempotencyKeyReused(CounterfoilError):
    """The key was used for a call with other input."""

    kind = ErrorKind.INVALID
    slug = "call-idempotency-key-reused"
    title = "The Idempotency-Key belongs to another call"

    def __init__(self) -> None:
        super().__init__("This key was used with other input. Use a new key for a new call.")


class CallBodyMalformed(CounterfoilError):
    """Query or body is not one set of parameters in UTF-8."""

    kind = ErrorKind.MALFORMED
    slug = "call-malformed"
    title = "The call cannot be read"


class CallTooLarge(CounterfoilError):
    """Query or body is beyond its bound."""

    kind = ErrorKind.TOO_LARGE
    slug = "call-too-large"
    title = "The call is too large"

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"At most {bytes_max} bytes are read.", bytes_max=bytes_max)


class MeterBusy(CounterfoilError):
    """Calls wait for their commit faster than the database takes them."""

    kind = ErrorKind.UNAVAILABLE
    slug = "meter-busy"
    title = "The exchange cannot record more calls now"

    def __init__(self) -> None:
        super().__init__("Nothing was charged. Try again.", retry_after_seconds=1)


class CallOutcomeUnknown(CounterfoilError):
    """The connection to the database was lost in the call's commit; nobody knows its outcome."""

    kind = ErrorKind.UNAVAILABLE
    slug = "call-outcome-unknown"
    title = "It is not known whether the call was recorded"

    def __init__(self) -> None:
        super().__init__(
            "Repeat it with the same Idempotency-Key: it is charged once at most. Without one, look"
            " at your usage before you repeat it.",
            retry_after_seconds=5,
        )


class MeterUnavailable(CounterfoilError):
    """The call could not be recorded durably, so it was neither delivered nor charged."""

    kind = ErrorKind.UNAVAILABLE
    slug = "meter-unavailable"
    title = "The call could not be recorded"

    def __init__(self) -> None:
        super().__init__(
            "The call could not be recorded, so it was not delivered. Try again with the same"
            " Idempotency-Key.",
            retry_after_seconds=1,
        )


class EntitlementNotFound(CounterfoilError):
    """No entitlement of the caller's has this licence."""

    kind = ErrorKind.NOT_FOUND
    slug = "entitlement-not-found"
    title = "There is no such entitlement"

    def __init__(self, licence_id: str) -> None:
        super().__init__("No entitlement of yours has this licence.", licence_id=licence_id)


class UsageReceiptNotFound(CounterfoilError):
    """No usage receipt has this licence, lane and sequence number."""

    kind = ErrorKind.NOT_FOUND
    slug = "usage-receipt-not-found"
    title = "There is no such usage receipt"

    def __init__(self) -> None:
        super().__init__("No call of yours has this licence, lane and number.")


class PlanNotKnown(CounterfoilError):
    """No published plan has this id."""

    kind = ErrorKind.NOT_FOUND
    slug = "plan-not-known"
    title = "There is no such plan"

    def __init__(self, plan_id: str) -> None:
        super().__init__("No published plan has this id.", plan_id=plan_id)


class PlanTermsUnreadable(CounterfoilError):
    """Plan terms that a replay was given cannot be rated."""

    kind = ErrorKind.INVALID
    slug = "plan-terms-unreadable"
    title = "The plan's terms cannot be rated"

    def __init__(self) -> None:
        super().__init__("Give terms as a published plan has them: kind, unit, prices as text.")


class ReplayNotPossible(CounterfoilError):
    """Recorded usage cannot be priced under the plan."""

    kind = ErrorKind.INVALID
    slug = "replay-not-possible"
    title = "This usage cannot be priced under this plan"


class CallKeyNotFound(CounterfoilError):
    """The licence has no such key of the caller's."""

    kind = ErrorKind.NOT_FOUND
    slug = "call-key-not-found"
    title = "The licence has no such key"

    def __init__(self, key_id: str) -> None:
        super().__init__("No key of this licence has this id.", key_id=key_id)


class CapBelowSpending(CounterfoilError):
    """A spending cap under what is already spent or reserved."""

    kind = ErrorKind.CONFLICT
    slug = "cap-below-spending"
    title = "The cap is below what is spent"

    def __init__(self, committed_amount: int) -> None:
        super().__init__(
            "The cap cannot be below what is spent or reserved by calls under way.",
            committed_amount=format_amount(committed_amount),
        )


class NothingToRenew(CounterfoilError):
    """The plan charges no fee by the period, or this is the last one of the licence anyway."""

    kind = ErrorKind.CONFLICT
    slug = "nothing-to-renew"
    title = "No further period is to be paid"

    def __init__(self, licence_id: str) -> None:
        super().__init__(
            "Only a subscription with a period to come goes on or does not.",
            licence_id=licence_id,
        )


class RenewalOver(CounterfoilError):
    """The last period is over, or the licence ended."""

    kind = ErrorKind.CONFLICT
    slug = "renewal-over"
    title = "The licence has ended"

    def __init__(self, licence_id: str, ended_at: datetime) -> None:
        super().__init__("Order anew.", licence_id=licence_id, ended_at=iso_instant(ended_at))
