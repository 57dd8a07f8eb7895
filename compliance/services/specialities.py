"""What reviewers are registered to know; a help to share the work, and no permission."""

from collections.abc import Sequence

from app.core.principals import Principal, Role
from app.core.unit_of_work import UnitOfWork
from compliance.models.specialities import ReviewerSpecialities
from compliance.review.events import SpecialitiesRegistered


def register_specialities(
    uow: UnitOfWork, principal: Principal, *, specialities: Sequence[str]
) -> ReviewerSpecialities:
    """What the reviewer knows from now on; none leaves them with the whole queue again."""
    return _register(uow, principal.id, specialities, registered_by=principal.id)


def assign_specialities(
    uow: UnitOfWork, principal: Principal, *, person_id: str, specialities: Sequence[str]
) -> ReviewerSpecialities:
    """What a reviewer is asked for from now on, as whoever shares out the work says.

    The reviewer may say otherwise afterwards; both stand in the log. Whether the person reviews at
    all is known where people are, which undoes it for anybody else.
    """
    return _register(uow, person_id, specialities, registered_by=principal.id)


def _register(
    uow: UnitOfWork, person_id: str, specialities: Sequence[str], *, registered_by: str
) -> ReviewerSpecialities:
    registered = ReviewerSpecialities(
        person_id=person_id,
        specialities=sorted(set(specialities)),
        registered_at=uow.now,
        registered_by=registered_by,
    )
    uow.record(
        SpecialitiesRegistered(
            occurred_at=uow.now,
            reviewer_id=person_id,
            specialities=tuple(registered.specialities),
            registered_by=registered_by,
        )
    )
    if specialities:
        return uow.session.merge(registered)
    forget_specialities(uow, person_id=person_id)
    return registered


def forget_specialities(
    uow: UnitOfWork, *, person_id: str, role: str = Role.REVIEWER.value
) -> None:
    """Whoever reviews no more covers nothing; other roles of theirs do not matter."""
    kept = uow.session.get(ReviewerSpecialities, person_id)
    if kept is not None and role == Role.REVIEWER:
        uow.session.delete(kept)
