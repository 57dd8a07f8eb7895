"""Reads of what lapses when."""

from datetime import datetime

from sqlalchemy import select

from app.core.paging import Page, between, paginate
from app.core.unit_of_work import UnitOfWork
from compliance.models.lapses import LapseRow


def list_lapses(
    uow: UnitOfWork,
    *,
    organisation_id: str | None,
    kind: str | None = None,
    consequence: str | None = None,
    listing_code: str | None = None,
    subject_id: str | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    is_over: bool | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[LapseRow]:
    """What of an organisation lapses, or everybody's (None), the nearest first."""
    wanted = select(LapseRow)
    filters = {
        LapseRow.organisation_id: organisation_id,
        LapseRow.kind: kind,
        LapseRow.consequence: consequence,
        LapseRow.listing_code: listing_code,
        LapseRow.subject_id: subject_id,
    }
    for column, value in filters.items():
        if value is not None:
            wanted = wanted.where(column == value)
    wanted = wanted.where(*between(LapseRow.lapses_at, from_at, until_at))
    if is_over is not None:
        over = LapseRow.lapses_at <= uow.now
        wanted = wanted.where(over if is_over else ~over)
    return paginate(
        uow.session,
        wanted,
        key=LapseRow.sort_key,
        cursor=cursor,
        limit=limit,
        newest_first=False,
    )
