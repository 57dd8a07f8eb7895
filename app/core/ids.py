"""Identifiers: time-ordered for records, wholly random where time must not leak."""

import secrets
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import NewType

from app.core.clock import Clock

OrganisationId = NewType("OrganisationId", str)
PersonId = NewType("PersonId", str)
ApiKeyId = NewType("ApiKeyId", str)
ProductId = NewType("ProductId", str)
VersionId = NewType("VersionId", str)
RegistrationId = NewType("RegistrationId", str)
PlanId = NewType("PlanId", str)
OrderId = NewType("OrderId", str)
AgreementId = NewType("AgreementId", str)
CustomOfferId = NewType("CustomOfferId", str)
ContributionId = NewType("ContributionId", str)
DemandId = NewType("DemandId", str)
ScenarioId = NewType("ScenarioId", str)
LicenceId = NewType("LicenceId", str)
TopUpId = NewType("TopUpId", str)
InvoiceId = NewType("InvoiceId", str)

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in CROCKFORD for second in CROCKFORD)
_TIME_LENGTH = 10
_RANDOM_BITS = 80
_RANDOM_SHIFTS = tuple(range(_RANDOM_BITS - 10, -1, -10))
_BODY_LENGTH = 26
_TAIL_BITS = 20


def crockford(number: int, length: int = _BODY_LENGTH) -> str:
    """The number in lower-case Crockford base 32, left-padded to ``length`` characters."""
    shifts = range(5 * (length - 1), -1, -5)
    return "".join([CROCKFORD[number >> shift & 31] for shift in shifts])


# Several ids are made on every metered call, of one millisecond or one after another.
@lru_cache(maxsize=4)
def _time(millis: int) -> str:
    return crockford(millis, _TIME_LENGTH)


def _body(number: int) -> str:
    random = "".join([_PAIRS[number >> shift & 1023] for shift in _RANDOM_SHIFTS])
    return _time(number >> _RANDOM_BITS) + random


@lru_cache(maxsize=4)
def _head(number: int) -> str:
    return _body(number << _TAIL_BITS)[: -_TAIL_BITS // 5]


def _following(number: int) -> str:
    """As `_body`, for numbers close to each other."""
    return _head(number >> _TAIL_BITS) + _PAIRS[number >> 10 & 1023] + _PAIRS[number & 1023]


class IdSource:
    """Makes identifiers ``<prefix>_<26 characters>`` from a clock and entropy.

    Time-ordered ids follow the ULID layout: 48 bits of milliseconds, then 80 random bits that are
    incremented within one millisecond, so that one source never goes backwards.
    """

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._clock = clock
        self._entropy = entropy
        self._lock = threading.Lock()
        self._last = 0

    def new(self, prefix: str) -> str:
        """A time-ordered id."""
        return f"{prefix}_{_body(self._take(1))}"

    def several(self, prefix: str, count: int) -> list[str]:
        """``count`` ids, each after the one before."""
        first = self._take(count)
        return [f"{prefix}_{_following(number)}" for number in range(first, first + count)]

    def _take(self, count: int) -> int:
        millis = int(self._clock.now().timestamp() * 1000)
        fresh = millis << _RANDOM_BITS | int.from_bytes(self._entropy(_RANDOM_BITS // 8), "big")
        with self._lock:
            same_instant = fresh >> _RANDOM_BITS <= self._last >> _RANDOM_BITS
            first = self._last + 1 if same_instant else fresh
            self._last = first + count - 1
            return first

    def opaque(self, prefix: str) -> str:
        """An id of 128 random bits that tells nothing, not even when it was made."""
        return f"{prefix}_{crockford(int.from_bytes(self._entropy(16), 'big'))}"
