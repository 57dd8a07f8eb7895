"""Quality of what is delivered, from counters of metered calls, held against report and promise."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from app.core import histograms
from compliance.quality.access import MISMATCH_MAX_PER_CENT
from compliance.quality.indicators import Share, decimal, wilson_lower

CALLS_MIN = 100
"""Fewer calls than this say nothing for sure; nobody is told of a drift because of them."""
BEYOND_MAX_PER_CENT = 5
"""A promised p95, and a promised age, leave this much beyond them."""
PERIODS_MAX = 2
"""Data that were not updated within so many periods of their frequency are late."""
_WHOLE_BP = 10_000
_MICROSECONDS = 1_000
_NEVER = datetime.min.replace(tzinfo=UTC)

PERIODS = {
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(days=7),
    "MONTHLY": timedelta(days=31),
    "QUARTERLY": timedelta(days=92),
    "HALF_YEARLY": timedelta(days=184),
    "YEARLY": timedelta(days=366),
}
"""The longest that lies between two updates; the other frequencies promise no rhythm."""


class Drift(StrEnum):
    """In which way what is delivered is worse than what was reported or promised."""

    SCHEMA_MISMATCH = "SCHEMA_MISMATCH"
    LESS_AVAILABLE_THAN_REPORTED = "LESS_AVAILABLE_THAN_REPORTED"
    LESS_AVAILABLE_THAN_PROMISED = "LESS_AVAILABLE_THAN_PROMISED"
    SLOWER_THAN_PROMISED = "SLOWER_THAN_PROMISED"
    STALER_THAN_PROMISED = "STALER_THAN_PROMISED"
    UPDATED_LATER_THAN_DECLARED = "UPDATED_LATER_THAN_DECLARED"


@dataclass(frozen=True)
class Promise:
    """What the listed version says of itself, as far as calls can show it."""

    availability_bp: int | None = None
    latency_p95_ms: int | None = None
    freshness_seconds: int | None = None
    update_frequency: str | None = None

    @classmethod
    def of(cls, dossier: Mapping[str, Any]) -> "Promise":
        """As a dossier has it."""
        level = dossier.get("service_level") or {}
        return cls(
            level.get("availability_bp"),
            level.get("latency_p95_ms"),
            dossier.get("freshness_seconds"),
            dossier.get("update_frequency"),
        )


@dataclass(frozen=True)
class LiveTimes:
    """How long answers took, how old they were, and how their newest event moved on.

    ``latency`` counts microseconds, ``lag`` seconds, both by the bucket of `app.core.histograms`.
    """

    latency: Mapping[int, int] = field(default_factory=dict)
    lag: Mapping[int, int] = field(default_factory=dict)
    newest_event_at: datetime | None = None
    seen_at: datetime | None = None
    updates_count: int = 0

    def and_a_day(self, other: "LiveTimes") -> "LiveTimes":
        """Together with another day's."""
        latest = max((self, other), key=lambda each: each.seen_at or _NEVER)
        return LiveTimes(
            Counter(self.latency) + Counter(other.latency),
            Counter(self.lag) + Counter(other.lag),
            max((at for at in (self.newest_event_at, other.newest_event_at) if at), default=None),
            latest.seen_at,
            self.updates_count + other.updates_count,
        )

    def document(self) -> dict[str, Any]:
        """What is shown; a quantile is at most an eighth too large, and null of nothing."""
        return {
            "timed_count": histograms.total(self.latency),
            "latency_p50_ms": _milliseconds(histograms.quantile(self.latency, 50)),
            "latency_p95_ms": _milliseconds(histograms.quantile(self.latency, 95)),
            "dated_count": histograms.total(self.lag),
            "lag_p50_seconds": histograms.quantile(self.lag, 50),
            "lag_p95_seconds": histograms.quantile(self.lag, 95),
            "newest_event_at": self.newest_event_at,
            "updates_count": self.updates_count,
        }

    def drifts(self, promise: Promise) -> list[Drift]:
        """What is worse for sure, at 95 %."""
        holds = {
            Drift.SLOWER_THAN_PROMISED: promise.latency_p95_ms is not None
            and _exceeds(self.latency, promise.latency_p95_ms * _MICROSECONDS),
            Drift.STALER_THAN_PROMISED: promise.freshness_seconds is not None
            and _exceeds(self.lag, promise.freshness_seconds),
            Drift.UPDATED_LATER_THAN_DECLARED: self._is_overdue(promise.update_frequency),
        }
        return [drift for drift, is_met in holds.items() if is_met]

    def _is_overdue(self, update_frequency: str | None) -> bool:
        """Whether the newest event was too old when it was last seen, asked often enough."""
        period = PERIODS.get(update_frequency or "")
        if period is None or self.newest_event_at is None or self.seen_at is None:
            return False
        if histograms.total(self.lag) < CALLS_MIN:
            return False
        return self.seen_at - self.newest_event_at > PERIODS_MAX * period


@dataclass(frozen=True)
class LiveCounts:
    """Calls of some days: answers that fitted, hits among them, misfits, and no answer at all."""

    answered_count: int = 0
    hit_count: int = 0
    mismatch_count: int = 0
    failed_count: int = 0
    times: LiveTimes = LiveTimes()

    @property
    def calls_count(self) -> int:
        """All of them; refusals by the exchange never reached the supplier and are not here."""
        return self.answered_count + self.mismatch_count + self.failed_count

    def and_a_day(self, other: "LiveCounts") -> "LiveCounts":
        """Together with another day's."""
        return LiveCounts(
            self.answered_count + other.answered_count,
            self.hit_count + other.hit_count,
            self.mismatch_count + other.mismatch_count,
            self.failed_count + other.failed_count,
            self.times.and_a_day(other.times),
        )

    @property
    def _came(self) -> Share:
        return Share(self.answered_count + self.mismatch_count, self.calls_count)

    @property
    def _fitted(self) -> Share:
        return Share(self.answered_count, self.answered_count + self.mismatch_count)

    def document(self) -> dict[str, Any]:
        """Counts and shares; a share without a denominator is null and not perfect."""
        shares = {
            "available": self._came,
            "schema_valid": self._fitted,
            "hit": Share(self.hit_count, self.answered_count),
        }
        return {
            "calls_count": self.calls_count,
            "answered_count": self.answered_count,
            "hit_count": self.hit_count,
            "mismatch_count": self.mismatch_count,
            "failed_count": self.failed_count,
            **{
                f"{name}_share": decimal(share.value) if share.evaluated else None
                for name, share in shares.items()
            },
            **self.times.document(),
        }

    def drifts(self, *, reported: float | None, promise: Promise) -> list[Drift]:
        """What is worse for sure, at 95 %: never because of few calls or bad luck."""
        if self.calls_count < CALLS_MIN:
            return []
        misfits = (
            Share(self.mismatch_count, self._fitted.evaluated) if self._came.satisfied else None
        )
        at_best = 1 - wilson_lower(Share(self.failed_count, self.calls_count))
        promised_bp = promise.availability_bp
        holds = {
            Drift.SCHEMA_MISMATCH: misfits is not None
            and wilson_lower(misfits) * 100 > MISMATCH_MAX_PER_CENT,
            Drift.LESS_AVAILABLE_THAN_REPORTED: reported is not None and at_best < reported,
            Drift.LESS_AVAILABLE_THAN_PROMISED: promised_bp is not None
            and at_best * _WHOLE_BP < promised_bp,
        }
        return [drift for drift, is_met in holds.items() if is_met] + self.times.drifts(promise)


def _exceeds(counts: Mapping[int, int], limit: int) -> bool:
    """Whether more lies beyond the limit than a p95 leaves; of too few nothing is said."""
    evaluated = histograms.total(counts)
    if evaluated < CALLS_MIN:
        return False
    beyond = Share(histograms.surely_above(counts, limit), evaluated)
    return wilson_lower(beyond) * 100 > BEYOND_MAX_PER_CENT


def _milliseconds(microseconds: int | None) -> int | None:
    return None if microseconds is None else -(-microseconds // _MICROSECONDS)


def reported_availability(document: Mapping[str, Any] | None) -> float | None:
    """The bound of 0601 in a report; None where no calls were made for it."""
    for each in (document or {}).get("indicators", ()):
        if each["code"] == "0601" and each["state"] == "ASSESSED":
            return float(each["bound"])
    return None
