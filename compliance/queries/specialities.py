"""Reads of what reviewers know."""

from datetime import datetime

from sqlalchemy import select

from app.core.paging import Page, paginate
from app.core.unit_of_work import UnitOfWork
from compliance.models.specialities import ReviewerSpecialities


def list_reviewer_specialities(
    uow: UnitOfWork,
    *,
    speciality: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Page[ReviewerSpecialities]:
    """Who registered what, or who knows one thing; in the order of their ids."""
    wanted = select(ReviewerSpecialities)
    if speciality is not None:
        wanted = wanted.where(ReviewerSpecialities.specialities.contains([speciality]))
    key = ReviewerSpecialities.person_id
    return paginate(uow.session, wanted, key=key, cursor=cursor, limit=limit, newest_first=False)


def get_own_specialities(uow: UnitOfWork, person_id: str) -> ReviewerSpecialities:
    """What a reviewer registered; an empty list of somebody who registered nothing."""
    kept = uow.session.get(ReviewerSpecialities, person_id)
    if kept is not None:
        return kept
    never: datetime | None = None
    nobody: str | None = None
    return ReviewerSpecialities(
        person_id=person_id, specialities=[], registered_at=never, registered_by=nobody
    )
