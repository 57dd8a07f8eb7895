"""Accessibility from counters of calls: test calls before a listing, metered calls after it."""

from dataclasses import asdict, dataclass

from compliance.quality import definitions
from compliance.quality.indicators import Indicator, measured


@dataclass(frozen=True)
class CallCounts:
    """Calls and how many answered, fitted the schema, and did both within the latency promised."""

    calls_count: int = 0
    answered_count: int = 0
    fitting_count: int = 0
    usable_count: int = 0
    latency_p95_ms: int | None = None

    def document(self) -> dict[str, int | None]:
        """The JSON form."""
        return asdict(self)


MISMATCH_MAX_PER_CENT = 1


def accessibility(counts: CallCounts | None) -> Indicator:
    """0601: answered calls, of all calls."""
    found = counts or CallCounts()
    return measured(
        definitions.ACCESSIBILITY,
        (found.answered_count, found.calls_count),
        lacking="no calls were made",
    )


def usability(counts: CallCounts | None) -> Indicator:
    """0602: calls that fit the schema in time, of answered calls."""
    found = counts or CallCounts()
    return measured(
        definitions.USABILITY,
        (found.usable_count, found.answered_count),
        lacking="no call was answered",
    )


def breaks_schema(counts: CallCounts | None) -> bool:
    """Whether more than one answer in a hundred does not fit the listing's fields."""
    if counts is None or not counts.answered_count:
        return False
    misfits = counts.answered_count - counts.fitting_count
    return misfits * 100 > MISMATCH_MAX_PER_CENT * counts.answered_count
