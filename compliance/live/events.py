"""What happens to live quality: counts and codes, never a call."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True, kw_only=True)
class QualityDrifted(Event):
    """What a listing delivers is worse than its report or its promise, in ways not told before."""

    listing_code: str
    supplier_id: str
    report_id: str
    drifts: list[str]
    calls_count: int


@dataclass(frozen=True, kw_only=True)
class QualityRecovered(Event):
    """What a listing delivers agrees with its report and its promise again."""

    listing_code: str
    supplier_id: str
    calls_count: int
