"""Keeps the table of what lapses when, and reminds whoever has to renew it, each time once."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select

from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from compliance.events import LapseNear
from compliance.lapses.expiry_policy import Lapse, due_reminder, reminder_days
from compliance.models.lapses import LapseRow
from compliance.models.licences import Licence, ListingStanding, Scenario
from compliance.review.listing_machine import ListingState
from compliance.review.scenario_machine import LicenceState, ScenarioState

LIVE_LISTINGS = (ListingState.LISTED, ListingState.SUSPENDED)


def note_lapses(
    uow: UnitOfWork,
    *,
    subject_id: str,
    organisation_id: str,
    lapses: Iterable[Lapse],
    listing_code: str | None = None,
) -> None:
    """What of a subject lapses from now on; what was noted of it before is replaced."""
    uow.session.execute(delete(LapseRow).where(LapseRow.subject_id == subject_id))
    for each in lapses:
        row_id = uow.ids.new("lap")
        uow.session.add(
            LapseRow(
                id=row_id,
                organisation_id=organisation_id,
                subject_id=subject_id,
                listing_code=listing_code,
                kind=each.kind,
                name=each.name,
                lapses_at=each.lapses_at,
                effective_at=each.effective_at,
                consequence=each.consequence,
                sort_key=f"{iso_instant(each.lapses_at)}/{row_id}",
                noted_at=uow.now,
            )
        )


def remind_of_lapses(uow: UnitOfWork, limit: int) -> int:
    """Remind of what lapses soon; how many rows were looked at. Needs the exchange's reach."""
    wanted = select(LapseRow).where(LapseRow.lapses_at > uow.now, _is_due(uow))
    batch = wanted.order_by(LapseRow.lapses_at, LapseRow.id).limit(limit)
    rows = list(uow.session.scalars(batch.with_for_update(skip_locked=True)))
    for row in rows:
        _remind(uow, row)
    return len(rows)


def _is_due(uow: UnitOfWork) -> ColumnElement[bool]:
    return or_(
        *(
            and_(
                LapseRow.lapses_at <= uow.now + timedelta(days=days),
                or_(LapseRow.reminded_days.is_(None), LapseRow.reminded_days > days),
            )
            for days in reminder_days()
        )
    )


def _remind(uow: UnitOfWork, row: LapseRow) -> None:
    days = due_reminder(row.lapses_at, uow.now, row.reminded_days)
    if days is None or not _is_live(uow, row):
        row.reminded_days = 0
        return
    row.reminded_days = days
    uow.record(
        LapseNear(
            occurred_at=uow.now,
            organisation_id=row.organisation_id,
            subject_id=row.subject_id,
            kind=row.kind,
            name=row.name,
            lapses_at=row.lapses_at,
            consequence=row.consequence,
            days=days,
        )
    )


def _is_live(uow: UnitOfWork, row: LapseRow) -> bool:
    """Whether anybody has still to renew it."""
    if row.kind == "LICENCE":
        licence = uow.session.get(Licence, row.subject_id)
        return licence is not None and licence.state == LicenceState.ACTIVE
    if row.kind == "SCENARIO":
        scenario = uow.session.get(Scenario, row.subject_id)
        return scenario is not None and scenario.state == ScenarioState.ACTIVE
    if row.listing_code is not None:
        standing = uow.session.get(ListingStanding, row.listing_code)
        return standing is not None and standing.state in LIVE_LISTINGS
    return True
