"""How listings stand: noted when published, with the day on which their ground lapses."""

from datetime import datetime

from sqlalchemy import select

from app.core.unit_of_work import UnitOfWork
from compliance.errors import ListingNeverPublished, ListingNotInForce
from compliance.lapses.expiry import evidence_lapses_at, lapses_of
from compliance.models.licences import ListingStanding
from compliance.models.registrations import ListingApplication, Registration
from compliance.models.reviews import Party, ReviewCase
from compliance.models.suspensions import Suspension
from compliance.review.case_machine import Stage
from compliance.review.listing_machine import ListingState, SuspensionReason
from compliance.review.registration_machine import ApplicationState, RegistrationState
from compliance.rules.facts import product_terms, use_facts
from compliance.services.evaluations.rule_sets import held_rule_set
from compliance.services.lapses import note_lapses


def note_listing_published(
    uow: UnitOfWork, *, listing_code: str, version_id: str, supplier_id: str, dossier_hash: str
) -> None:
    """Watch over a published listing.

    Raises `ListingNeverPublished` without its approval or without its listing by a third person,
    `ListingNotInForce` while a suspension of it is open, delisted meanwhile or not.
    """
    _demand_not_suspended(uow, listing_code)
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
            use_facts=use_facts(case.dossier),
            evidence_lapses_at=evidence_lapses_at(case.dossier, rules),
            noted_at=uow.now,
            changed_at=uow.now,
            suspended_by=None,
            suspension_scope=None,
            reason_code=None,
            delists_at=None,
        )
    )


def _demand_not_suspended(uow: UnitOfWork, listing_code: str) -> None:
    former = uow.session.get(ListingStanding, listing_code, with_for_update=True)
    if former is not None and find_suspension(uow, listing_code) is not None:
        # A new version must not undo a suspension, and its supplier not by delisting it first.
        raise ListingNotInForce(listing_code, former.state)


def find_suspension(uow: UnitOfWork, listing_code: str) -> Suspension | None:
    """The listing's suspension in force, if there is one."""
    wanted = select(Suspension).where(
        Suspension.listing_code == listing_code, Suspension.ended_at.is_(None)
    )
    return uow.session.scalars(wanted).one_or_none()


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


def lock_standing(uow: UnitOfWork, listing_code: str) -> ListingStanding:
    """The listing's standing, held to the end; raises `ListingNeverPublished`."""
    standing = uow.session.get(ListingStanding, listing_code, with_for_update=True)
    if standing is None:
        raise ListingNeverPublished(listing_code)
    return standing


def open_causes(
    standing: ListingStanding, supplier: Party | None, now: datetime
) -> list[SuspensionReason]:
    """What would suspend the listing by itself at that instant."""
    return causes_of(standing.evidence_lapses_at, supplier, now)


def causes_of(
    lapses_at: datetime | None, supplier: Party | None, now: datetime
) -> list[SuspensionReason]:
    """What suspends by itself a listing whose evidence lapses then."""
    causes = []
    if lapses_at is not None and lapses_at <= now:
        causes.append(SuspensionReason.EVIDENCE_EXPIRED)
    if supplier is None or supplier.verified_until <= now:
        causes.append(SuspensionReason.VERIFICATION_LAPSED)
    return causes
