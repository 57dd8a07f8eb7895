"""The facts for which metering refuses; a class a slug, explained in docs/problems.md."""

from datetime import datetime
from typing import Any, ClassVar

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


class CallRefused(CounterfoilError):
    """A decision went against the call: rule, legal reference and the input that decided."""

    kind = ErrorKind.FORBIDDEN
    slug: ClassVar[str] = "call-refused"
    title = "The licence does not permit this call"

    def __init__(self, detail: str, *, rule: str, law: str, inputs: dict[str, str]) -> None:
        super().__init__(detail, rule=rule, legal_reference=law, inputs=inputs)


class LicenceNotActive(CallRefused):
    """The licence was revoked, has not begun, or has ended."""

    slug = "licence-not-active"
    title = "The licence is not active"


class ListingNotDelivering(CallRefused):
    """The listing is suspended or revoked."""

    slug = "listing-not-delivering"
    title = "The listing is suspended"


class ListingNotLicensed(CallRefused):
    """The key's licence is for another listing."""

    slug = "listing-not-licensed"
    title = "The key is for another listing"


class NetworkNotAllowed(CallRefused):
    """The client's address is outside the key's networks."""

    slug = "network-not-allowed"
    title = "The key may not be used from this network"


class PurposeNotLicensed(CallRefused):
    """The call asserts a purpose that the licence does not have."""

    slug = "purpose-not-licensed"
    title = "The licence has no such purpose"


class FieldNotLicensed(CallRefused):
    """The call asks for an answer field that the licence does not have."""

    slug = "field-not-licensed"
    title = "The licence has no such field"


class ConsentMissing(CallRefused):
    """The listing asks for a data subject's token with every call, and none came."""

    slug = "consent-missing"
    title = "This listing needs the data subject's consent with each call"


class ConsentTokenRefused(CallRefused):
    """The token was not signed by this exchange, or is not in its register."""

    slug = "consent-token-refused"
    title = "The consent token is not valid"


class ConsentNotGiven(CallRefused):
    """No consent of this person names this recipient and purpose."""

    slug = "consent-not-given"
    title = "The data subject has not agreed to this"


class ConsentWithdrawn(CallRefused):
    """The data subject took the consent back."""

    slug = "consent-withdrawn"
    title = "The data subject has withdrawn the consent"


class ConsentExpired(CallRefused):
    """The consent was given for a term that is over."""

    slug = "consent-expired"
    title = "The consent has expired"


class ConsentSubjectUnknown(CallRefused):
    """It cannot be told from the call whose consent it needs."""

    slug = "consent-subject-unknown"
    title = "The call does not say about whom it asks"


class QuotaExhausted(CounterfoilError):
    """Nothing is left of the licence's calls or units."""

    kind = ErrorKind.QUOTA_EXHAUSTED
    slug = "quota-exhausted"
    title = "The quota is used up"

    def __init__(self, bound: str, opens_at: datetime | None = None) -> None:
        facts: dict[str, Any] = {} if opens_at is None else {"opens_at": iso_instant(opens_at)}
        super().__init__(
            f"Nothing is left of the licence's {bound}.",
            rule="METER-QUOTA",
            legal_reference="agreement: allowance",
            bound=bound,
            **facts,
        )


class CapReached(CounterfoilError):
    """A spending cap that the buyer set does not allow one more unit."""

    kind = ErrorKind.QUOTA_EXHAUSTED
    slug = "cap-reached"
    title = "A spending cap is reached"

    def __init__(
        self,
        scope: str,
        cap_amount: int,
        currency: str,
        *,
        opens_at: datetime | None = None,
        key_id: str | None = None,
    ) -> None:
        facts: dict[str, Any] = {}
        if opens_at is not None:
            facts["opens_at"] = iso_instant(opens_at)
        if key_id is not None:
            facts["key_id"] = key_id
        super().__init__(
            f"The spending cap of the {scope} does not allow one more unit.",
            rule="METER-CAP",
            legal_reference="buyer: spending cap",
            bound="amount",
            scope=scope,
            cap_amount=format_amount(cap_amount),
            currency=currency,
            **facts,
        )


class PeriodUnpaid(CounterfoilError):
    """The fee of the licence's period could not be taken from the wallet."""

    kind = ErrorKind.PAYMENT_REQUIRED
    slug = "period-unpaid"
    title = "The period's fee is not paid"

    def __init__(self, period: int, fee_amount: int, currency: str) -> None:
        super().__init__(
            "Top up the wallet: the period opens within a minute after it covers the fee.",
            period=period,
            fee_amount=format_amount(fee_amount),
            currency=currency,
        )


class PeriodNotOpen(CounterfoilError):
    """The licence's next period is about to be opened."""

    kind = ErrorKind.UNAVAILABLE
    slug = "period-not-open"
    title = "The licence's period is being opened"

    def __init__(self) -> None:
        super().__init__("Nothing was charged. Try again.", retry_after_seconds=1)


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


class BalanceExhausted(CounterfoilError):
    """The buyer's wallet does not cover one more unit."""

    kind = ErrorKind.PAYMENT_REQUIRED
    slug = "balance-exhausted"
    title = "The wallet is empty"

    def __init__(self, unit_price: int, currency: str) -> None:
        super().__init__(
            "Top up the wallet: it does not cover one more unit.",
            unit_price=format_amount(unit_price),
            currency=currency,
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
    """The Idempotency-Key is empty, too long or not printable ASCII."""

    kind = ErrorKind.MALFORMED
    slug = "call-idempotency-key-malformed"
    title = "The Idempotency-Key cannot be used"

    def __init__(self) -> None:
        super().__init__("Send 1 to 128 printable ASCII characters.")


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
