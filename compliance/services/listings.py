"""How listings stand: noted when published, suspended by one, resumed or revoked by another."""

from datetime import datetime

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import CauseNotClosed, ListingNeverPublished, SecondPersonNeeded
from compliance.events import ListingResumed, ListingRevoked, ListingSuspended
from compliance.expiry import evidence_lapses_at, lapses_of
from compliance.facts import product_terms
from compliance.licence_models import ListingStanding
from compliance.listing_machine import (
    DELIST,
    RESUME,
    REVOKE,
    SUSPEND,
    TRANSITIONS,
    ListingState,
    RevocationReason,
    SuspensionReason,
)
from compliance.models import Party, ReviewCase
from compliance.registration_models import ListingApplication, Registration
from compliance.review.case_machine import Stage
from compliance.review.registration_machine import ApplicationState, RegistrationState
from compliance.services.evaluations import held_rule_set
from compliance.services.lapses import note_lapses
from compliance.services.licences import revoke_licences_of_listing


def note_listing_published(
    uow: UnitOfWork, *, listing_code: str, version_id: str, supplier_id: str, dossier_hash: str
) -> None:
    """Watch over a published listing.

    Raises `ListingNeverPublished` without its approval or without its listing by a third person.
    """
    case = find_approval(uow, version_id, dossier_hash)
    if case is None or not _is_listing_approved(uow, case):
        raise ListingNeverPublished(listing_code)
    rules = held_rule_set(uow, case.rule_set_hash)
    note_lapses(
        uow,
        subject_id=listing_code,
        organisation_id=supplier_id,
        listing_code=listing_code,
        lapses=lapses_of(case.dossier, rules),
    )
    uow.session.merge(
        ListingStanding(
            listing_code=listing_code,
            version_id=version_id,
            supplier_id=supplier_id,
            dossier_hash=dossier_hash,
            state=ListingState.LISTED,
            product_terms=product_terms(case.dossier),
            evidence_lapses_at=evidence_lapses_at(case.dossier, rules),
            noted_at=uow.now,
            changed_at=uow.now,
            suspended_by=None,
            reason_code=None,
        )
    )


def find_approval(uow: UnitOfWork, version_id: str, dossier_hash: str) -> ReviewCase | None:
    """The case in which two reviewers approved exactly this dossier, if there is one."""
    wanted = select(ReviewCase).where(
        ReviewCase.version_id == version_id,
        ReviewCase.dossier_hash == dossier_hash,
        ReviewCase.stage == Stage.APPROVED,
    )
    return uow.session.scalars(wanted.order_by(ReviewCase.id.desc()).limit(1)).one_or_none()


def _is_listing_approved(uow: UnitOfWork, case: ReviewCase) -> bool:
    """Registration and listing are two records: both must be final."""
    wanted = (
        select(ListingApplication.id)
        .join(Registration, Registration.id == ListingApplication.registration_id)
        .where(
            ListingApplication.case_id == case.id,
            ListingApplication.state == ApplicationState.LISTED,
            Registration.state == RegistrationState.REGISTERED_FINAL,
        )
    )
    return uow.session.scalars(wanted).first() is not None


def note_listing_delisted(uow: UnitOfWork, *, listing_code: str) -> None:
    """The supplier took it down; licences run on. Raises `ListingNeverPublished`."""
    _move(uow, lock_standing(uow, listing_code), DELIST)


def lock_standing(uow: UnitOfWork, listing_code: str) -> ListingStanding:
    """The listing's standing, held to the end; raises `ListingNeverPublished`."""
    standing = uow.session.get(ListingStanding, listing_code, with_for_update=True)
    if standing is None:
        raise ListingNeverPublished(listing_code)
    return standing


def _move(uow: UnitOfWork, standing: ListingStanding, event: str) -> None:
    standing.state = TRANSITIONS.next(standing.state, event)
    standing.changed_at = uow.now


def suspend_listing(
    uow: UnitOfWork, principal: Principal, *, listing_code: str, reason_code: str
) -> ListingStanding:
    """Stop orders and calls at once; one person may. Raises `IllegalTransition`."""
    return suspend(uow, lock_standing(uow, listing_code), principal.id, reason_code)


def suspend(
    uow: UnitOfWork, standing: ListingStanding, actor_id: str, reason_code: str
) -> ListingStanding:
    """The suspension itself, by a person or by the machine."""
    _move(uow, standing, SUSPEND)
    standing.suspended_by, standing.reason_code = actor_id, SuspensionReason(reason_code)
    uow.record(
        ListingSuspended(
            occurred_at=uow.now,
            listing_code=standing.listing_code,
            reason_code=reason_code,
            suspended_by=actor_id,
        )
    )
    return standing


def resume_listing(uow: UnitOfWork, principal: Principal, *, listing_code: str) -> ListingStanding:
    """Open the listing again, by somebody else and only when the cause is cured.

    Raises `SecondPersonNeeded`, `CauseNotClosed`, `IllegalTransition`.
    """
    standing = lock_standing(uow, listing_code)
    _demand_other_person(standing, principal)
    causes = open_causes(standing, uow.session.get(Party, standing.supplier_id), uow.now)
    if causes:
        raise CauseNotClosed(listing_code, [cause.value for cause in causes])
    _move(uow, standing, RESUME)
    standing.suspended_by = standing.reason_code = None
    uow.record(
        ListingResumed(occurred_at=uow.now, listing_code=listing_code, resumed_by=principal.id)
    )
    return standing


def open_causes(
    standing: ListingStanding, supplier: Party | None, now: datetime
) -> list[SuspensionReason]:
    """What would suspend the listing by itself at that instant."""
    causes = []
    if standing.evidence_lapses_at is not None and standing.evidence_lapses_at <= now:
        causes.append(SuspensionReason.EVIDENCE_EXPIRED)
    if supplier is None or supplier.verified_until <= now:
        causes.append(SuspensionReason.VERIFICATION_LAPSED)
    return causes


def _demand_other_person(standing: ListingStanding, principal: Principal) -> None:
    if standing.suspended_by == principal.id:
        raise SecondPersonNeeded(standing.listing_code)


def revoke_listing(
    uow: UnitOfWork, principal: Principal, *, listing_code: str, reason_code: str
) -> ListingStanding:
    """End a suspended listing and its licences for good, by somebody else than the suspender.

    Raises `SecondPersonNeeded`, `IllegalTransition`.
    """
    standing = lock_standing(uow, listing_code)
    _demand_other_person(standing, principal)
    _move(uow, standing, REVOKE)
    standing.reason_code = RevocationReason(reason_code)
    uow.record(
        ListingRevoked(
            occurred_at=uow.now,
            listing_code=listing_code,
            reason_code=reason_code,
            revoked_by=principal.id,
        )
    )
    revoke_licences_of_listing(uow, listing_code, actor_id=principal.id)
    return standing
