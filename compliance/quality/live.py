"""Quality of what is delivered, from counters of metered calls, held against report and promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from compliance.quality.access import MISMATCH_MAX_PER_CENT
from compliance.quality.indicators import Share, decimal, wilson_lower

CALLS_MIN = 100
"""Fewer calls than this say nothing for sure; nobody is told of a drift because of them."""
_WHOLE_BP = 10_000


class Drift(StrEnum):
    """In which way what is delivered is worse than what was reported or promised."""

    SCHEMA_MISMATCH = "SCHEMA_MISMATCH"
    LESS_AVAILABLE_THAN_REPORTED = "LESS_AVAILABLE_THAN_REPORTED"
    LESS_AVAILABLE_THAN_PROMISED = "LESS_AVAILABLE_THAN_PROMISED"


@dataclass(frozen=True)
class LiveCounts:
    """Calls of some days: answers that fitted, hits among them, misfits, and no answer at all."""

    answered_count: int = 0
    hit_count: int = 0
    mismatch_count: int = 0
    failed_count: int = 0

    @property
    def calls_count(self) -> int:
        """All of them; refusals by the exchange never reached the supplier and are not here."""
        return self.answered_count + self.mismatch_count + self.failed_count

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
        }

    def drifts(self, *, reported: float | None, promised_bp: int | None) -> list[Drift]:
        """What is worse for sure, at 95 %: never because of few calls or bad luck."""
        if self.calls_count < CALLS_MIN:
            return []
        misfits = (
            Share(self.mismatch_count, self._fitted.evaluated) if self._came.satisfied else None
        )
        at_best = 1 - wilson_lower(Share(self.failed_count, self.calls_count))
        holds = {
            Drift.SCHEMA_MISMATCH: misfits is not None
            and wilson_lower(misfits) * 100 > MISMATCH_MAX_PER_CENT,
            Drift.LESS_AVAILABLE_THAN_REPORTED: reported is not None and at_best < reported,
            Drift.LESS_AVAILABLE_THAN_PROMISED: promised_bp is not None
            and at_best * _WHOLE_BP < promised_bp,
        }
        return [drift for drift, is_met in holds.items() if is_met]


def reported_availability(document: Mapping[str, Any] | None) -> float | None:
    """The bound of 0601 in a report; None where no calls were made for it."""
    for each in (document or {}).get("indicators", ()):
        if each["code"] == "0601" and each["state"] == "ASSESSED":
            return float(each["bound"])
    return None
