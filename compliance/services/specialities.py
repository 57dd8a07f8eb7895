"""What reviewers register that they know; a help to share the work, and no permission."""

from collections.abc import Sequence

from app.core.principals import Principal, Role
from app.core.unit_of_work import UnitOfWork
from compliance.models.specialities import ReviewerSpecialities


def register_specialities(
    uow: UnitOfWork, principal: Principal, *, specialities: Sequence[str]
) -> ReviewerSpecialities:
    """What the reviewer knows from now on; none leaves them with the whole queue again."""
    registered = ReviewerSpecialities(
        person_id=principal.id,
        specialities=sorted(set(specialities)),
        registered_at=uow.now,
    )
    if specialities:
        return uow.session.merge(registered)
    forget_specialities(uow, person_id=principal.id)
    return registered


def forget_specialities(
    uow: UnitOfWork, *, person_id: str, role: str = Role.REVIEWER.value
) -> None:
    """Whoever reviews no more covers nothing; other roles of theirs do not matter."""
    kept = uow.session.get(ReviewerSpecialities, person_id)
    if kept is not None and role == Role.REVIEWER:
        uow.session.delete(kept)
