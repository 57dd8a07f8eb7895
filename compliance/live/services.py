"""Counting live quality, each call once, and holding it against report and promise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.exchange_calendar import day_of
from app.core.unit_of_work import UnitOfWork
from compliance.live.events import QualityDrifted, QualityRecovered
from compliance.live.models import LiveQualityCursor, LiveQualityDay, LiveQualityStanding
from compliance.models.licences import ListingStanding
from compliance.models.reviews import ReviewCase
from compliance.quality.live import CALLS_MIN, LiveCounts, Promise, reported_availability
from compliance.sampling.queries import latest_public

WINDOW_DAYS = 7
"""Drift is judged over as many days, today included."""


@dataclass(frozen=True)
class Answers:
    """Answers of one listing on one day that fitted, and the hits among them."""

    listing_code: str
    supplier_id: str
    day: date
    answered_count: int
    hit_count: int


@dataclass(frozen=True)
class Failures:
    """All failures of one listing on one day so far."""

    listing_code: str
    supplier_id: str
    day: date
    mismatch_count: int
    failed_count: int


@dataclass(frozen=True)
class Times:
    """All times of one listing's answers on one day so far, in buckets."""

    listing_code: str
    supplier_id: str
    day: date
    latency: dict[int, int]
    lag: dict[int, int]
    newest_event_at: datetime | None
    seen_at: datetime | None
    updates_count: int


def lock_lane(uow: UnitOfWork, *, lane_id: str) -> int | None:
    """How far the lane is counted, held to the end; None while another worker counts it."""
    uow.session.execute(
        insert(LiveQualityCursor).values(lane_id=lane_id, counted_n=0).on_conflict_do_nothing()
    )
    wanted = select(LiveQualityCursor.counted_n).where(LiveQualityCursor.lane_id == lane_id)
    return uow.session.scalar(wanted.with_for_update(skip_locked=True))


def note_answers(
    uow: UnitOfWork, *, lane_id: str, until_n: int, answers: Iterable[Answers]
) -> None:
    """Add what was answered up to the lane's n-th call; the lane is held by `lock_lane`."""
    for each in answers:
        counted = insert(LiveQualityDay).values(
            **vars(each), mismatch_count=0, failed_count=0, changed_at=uow.now
        )
        uow.session.execute(
            counted.on_conflict_do_update(
                index_elements=["listing_code", "day"],
                set_={
                    "answered_count": LiveQualityDay.answered_count
                    + counted.excluded.answered_count,
                    "hit_count": LiveQualityDay.hit_count + counted.excluded.hit_count,
                    "changed_at": uow.now,
                },
            )
        )
    cursor = uow.session.get_one(LiveQualityCursor, lane_id, populate_existing=True)
    cursor.counted_n = until_n


def note_failures(uow: UnitOfWork, failures: Sequence[Failures]) -> None:
    """Set each day's failures to what they add up to by now; twice gives the same."""
    for each in failures:
        counted = insert(LiveQualityDay).values(
            **vars(each), answered_count=0, hit_count=0, changed_at=uow.now
        )
        uow.session.execute(
            counted.on_conflict_do_update(
                index_elements=["listing_code", "day"],
                set_={
                    "mismatch_count": counted.excluded.mismatch_count,
                    "failed_count": counted.excluded.failed_count,
                    "changed_at": uow.now,
                },
            )
        )


def note_times(uow: UnitOfWork, times: Sequence[Times]) -> None:
    """Set each day's times to what they add up to by now; twice gives the same."""
    for each in times:
        told = {name: getattr(each, name) for name in _OF_TIMES}
        counted = insert(LiveQualityDay).values(
            listing_code=each.listing_code,
            supplier_id=each.supplier_id,
            day=each.day,
            answered_count=0,
            hit_count=0,
            mismatch_count=0,
            failed_count=0,
            changed_at=uow.now,
            **told,
        )
        uow.session.execute(
            counted.on_conflict_do_update(
                index_elements=["listing_code", "day"], set_=told | {"changed_at": uow.now}
            )
        )


_OF_TIMES = ("latency", "lag", "newest_event_at", "seen_at", "updates_count")


def check_drift(uow: UnitOfWork, listing_code: str) -> LiveQualityStanding | None:
    """Hold the last days against report and promise; tell what is new, once. None without a call.

    The listing's standing is locked: two workers never tell the same drift twice.
    """
    counts, supplier_id = recent(uow, listing_code)
    if supplier_id is None:
        return None
    report = latest_public(uow, listing_code)
    promise = _promise_of(uow, listing_code)
    drifts = counts.drifts(
        reported=reported_availability(report.document if report else None),
        promise=promise,
    )
    standing = _locked_standing(uow, listing_code, supplier_id)
    standing.checked_at, standing.declared = uow.now, vars(promise)
    if standing.drifts and counts.calls_count < CALLS_MIN:
        # Few calls say nothing for sure, and so not that all is well again.
        return standing
    before, now = set(standing.drifts), [drift.value for drift in drifts]
    standing.report_id = report.id if report else None
    standing.drifts = now
    standing.drifted_at = (standing.drifted_at or uow.now) if now else None
    if set(now) - before:
        uow.record(
            QualityDrifted(
                occurred_at=uow.now,
                listing_code=listing_code,
                supplier_id=supplier_id,
                report_id=standing.report_id or "",
                drifts=now,
                calls_count=counts.calls_count,
            )
        )
    elif before and not now:
        uow.record(
            QualityRecovered(
                occurred_at=uow.now,
                listing_code=listing_code,
                supplier_id=supplier_id,
                calls_count=counts.calls_count,
            )
        )
    return standing


def recent(uow: UnitOfWork, listing_code: str) -> tuple[LiveCounts, str | None]:
    """The sums of the window, and whose listing it is; None where nothing was called."""
    since = day_of(uow.now) - timedelta(days=WINDOW_DAYS - 1)
    wanted = select(LiveQualityDay).where(
        LiveQualityDay.listing_code == listing_code, LiveQualityDay.day >= since
    )
    days = uow.session.scalars(wanted.execution_options(populate_existing=True)).all()
    counts = LiveCounts()
    for day in days:
        counts = counts.and_a_day(day.counts)
    return counts, max((day.supplier_id for day in days), default=None)


def _promise_of(uow: UnitOfWork, listing_code: str) -> Promise:
    """What the listed version says of itself; nothing where none is listed."""
    standing = uow.session.get(ListingStanding, listing_code)
    if standing is None:
        return Promise()
    dossiers = select(ReviewCase.dossier).where(ReviewCase.version_id == standing.version_id)
    return Promise.of(uow.session.scalar(dossiers.order_by(ReviewCase.round.desc()).limit(1)) or {})


def _locked_standing(uow: UnitOfWork, listing_code: str, supplier_id: str) -> LiveQualityStanding:
    uow.session.execute(
        insert(LiveQualityStanding)
        .values(
            listing_code=listing_code,
            supplier_id=supplier_id,
            drifts=[],
            declared={},
            checked_at=uow.now,
        )
        .on_conflict_do_nothing()
    )
    return uow.session.get_one(
        LiveQualityStanding, listing_code, with_for_update=True, populate_existing=True
    )
