"""From submission to the catalogue, and out of it again."""

from app.accounts import services as accounts
from app.accounts.events import PersonDeactivated, RoleWithdrawn
from app.core.principals import Role
from app.core.unit_of_work import UnitOfWork
from app.documents import services as documents
from compliance import services as compliance
from compliance.events import (
    LicenceDocumentOpened,
    ListingResumed,
    ListingRevoked,
    ListingSuspended,
    ReviewOpened,
    ReviewReturned,
    VersionApproved,
    VersionRejected,
)
from compliance.review.events import (
    AppealDecided,
    AppealFiled,
    ReviewExpired,
    SpecialitiesRegistered,
)
from compliance.review.registration_events import (
    ListingApproved,
    ListingRefused,
    RegistrationCancelled,
    RegistrationEnded,
    RegistrationFinal,
)
from compliance.review.suspension_events import SuspensionWidened
from compliance.sampling.events import QualityReported
from compliance.sampling.models import QualityReport
from compliance.sampling.queries import latest_public
from compliance.sampling.reports import show_reports
from listings import services as listings
from listings.events import (
    ListingDelisted,
    ListingPublished,
    PlanPublished,
    RegistryEntryEnded,
    TransferAccepted,
    VersionSubmitted,
)
from metering import services as metering


def forget_reviewer(uow: UnitOfWork, event: RoleWithdrawn) -> None:
    """Whoever reviews no more covers no speciality."""
    compliance.forget_specialities(uow, person_id=event.person_id, role=event.role)


def demand_reviewer(uow: UnitOfWork, event: SpecialitiesRegistered) -> None:
    """Nobody is registered for the queue who does not review; who speaks for themselves does."""
    if event.registered_by != event.reviewer_id:
        accounts.demand_role(uow, person_id=event.reviewer_id, role=Role.REVIEWER)


def forget_person(uow: UnitOfWork, event: PersonDeactivated) -> None:
    """Nor does whoever left."""
    compliance.forget_specialities(uow, person_id=event.person_id)


def open_review(uow: UnitOfWork, event: VersionSubmitted) -> None:
    """A submitted version becomes a review case, and the machine's rules run at once."""
    compliance.open_review(
        uow,
        version_id=event.version_id,
        product_id=event.product_id,
        supplier_id=event.supplier_id,
        listing_code=event.listing_code,
        dossier=event.dossier,
        dossier_hash=event.dossier_hash,
        is_for_listing=event.is_for_listing,
    )


def return_version(uow: UnitOfWork, event: ReviewReturned | ListingRefused) -> None:
    """The supplier may mend the draft."""
    listings.return_version(uow, version_id=event.version_id)


def reject_version(
    uow: UnitOfWork, event: VersionRejected | ReviewExpired | RegistrationCancelled
) -> None:
    """The version is closed for good."""
    listings.reject_version(uow, version_id=event.version_id)


def enter_registration(uow: UnitOfWork, event: VersionApproved) -> None:
    """What was registered is told to the public, before it can be sold."""
    listings.enter_registration(
        uow,
        registration_id=event.registration_id,
        version_id=event.version_id,
        dossier_hash=event.dossier_hash,
    )


def finish_publicity(uow: UnitOfWork, event: RegistrationFinal) -> None:
    """Nothing stands against it: the version's entry takes the place of the former one."""
    listings.finish_publicity(uow, registration_id=event.registration_id)


def cancel_registration(uow: UnitOfWork, event: RegistrationCancelled) -> None:
    """The registry vouches for it no more."""
    listings.cancel_registration(
        uow, registration_id=event.registration_id, reason_code="OBJECTION_UPHELD"
    )


def end_registration(uow: UnitOfWork, event: RegistryEntryEnded) -> None:
    """What was given up or revoked is not listed any more; the officers' queue learns of it."""
    compliance.end_registration(
        uow,
        registration_id=event.registration_id,
        is_own_wish=event.is_own_wish,
        is_transfer=event.is_transfer,
    )


def begin_successor(uow: UnitOfWork, event: TransferAccepted) -> None:
    """Whoever takes a registration over begins with what it says."""
    listings.begin_successor(uow, transfer_id=event.transfer_id)


def close_waiting_version(uow: UnitOfWork, event: RegistrationEnded) -> None:
    """A version that still waited to be listed is closed for good."""
    if event.is_waiting:
        listings.close_version(uow, version_id=event.version_id)


def reopen_version(uow: UnitOfWork, event: AppealFiled) -> None:
    """A rejection that is appealed is not final yet."""
    if event.subject_kind == "REJECTION":
        listings.reopen_version(uow, version_id=event.version_id)


def close_version(uow: UnitOfWork, event: AppealDecided) -> None:
    """A rejection stands."""
    if event.subject_kind == "REJECTION" and event.state == "DISMISSED":
        listings.reject_version(uow, version_id=event.version_id)


def publish_listing(uow: UnitOfWork, event: ListingApproved) -> None:
    """What two registered a third lists, if the version is still what they saw."""
    listings.publish_listing(uow, version_id=event.version_id, dossier_hash=event.dossier_hash)


def route_listing(uow: UnitOfWork, event: ListingPublished) -> None:
    """The data plane learns how the product is called."""
    metering.route_listing(
        uow,
        listing_code=event.listing_code,
        version_id=event.version_id,
        supplier_id=event.supplier_id,
        delivery=event.delivery,
        fields_in=event.fields_in,
        fields_out=event.fields_out,
    )


def note_listing(uow: UnitOfWork, event: ListingPublished) -> None:
    """Compliance watches over what is listed."""
    compliance.note_listing_published(
        uow,
        listing_code=event.listing_code,
        version_id=event.version_id,
        supplier_id=event.supplier_id,
        dossier_hash=event.dossier_hash,
    )


def show_quality(uow: UnitOfWork, event: ListingPublished) -> None:
    """What is listed shows its grade to everybody."""
    show_reports(uow, version_id=event.version_id)
    _grade(uow, event.listing_code)


def grade_listing(uow: UnitOfWork, event: QualityReported) -> None:
    """The catalogue is filtered by what the report of a listed version says."""
    report = uow.session.get_one(QualityReport, event.report_id)
    _grade(uow, report.listing_code)


def _grade(uow: UnitOfWork, listing_code: str) -> None:
    report = latest_public(uow, listing_code)
    listings.note_quality(
        uow,
        listing_code=listing_code,
        grade=report.grade if report else None,
        valid_until=report.valid_until if report else None,
    )


def note_plan(uow: UnitOfWork, event: PlanPublished) -> None:
    """Quotes are given by the code that rates."""
    metering.note_plan(
        uow,
        plan_id=event.plan_id,
        plan_hash=event.plan_hash,
        listing_code=event.listing_code,
        terms=event.terms,
    )


def suspend_listing(uow: UnitOfWork, event: ListingSuspended) -> None:
    """No new orders, and no calls where the scope says so; what is under notice has no orders."""
    if not event.is_under_notice:
        listings.suspend_listing(uow, listing_code=event.listing_code)
    if event.scope == "ALL_CALLS":
        metering.suspend_route(uow, listing_code=event.listing_code)


def stop_calls(uow: UnitOfWork, event: SuspensionWidened) -> None:
    """Orders had stopped before."""
    metering.suspend_route(uow, listing_code=event.listing_code)


def resume_listing(uow: UnitOfWork, event: ListingResumed) -> None:
    """Orders and calls again."""
    if not event.is_under_notice:
        listings.resume_listing(uow, listing_code=event.listing_code)
    metering.resume_route(uow, listing_code=event.listing_code)


def revoke_listing(uow: UnitOfWork, event: ListingRevoked) -> None:
    """Out of catalogue and registry for good; its licences are revoked by compliance itself."""
    if not event.is_under_notice:
        listings.revoke_listing(uow, listing_code=event.listing_code)
    listings.cancel_for_cause(uow, listing_code=event.listing_code, reason_code=event.reason_code)
    metering.revoke_route(uow, listing_code=event.listing_code)


def note_delisting(uow: UnitOfWork, event: ListingDelisted) -> None:
    """The supplier takes it down: no new orders; running licences run on.

    How it stands is held first and the listing next, as a suspension holds them: who does both at
    once waits for the other and is not undone.
    """
    compliance.note_listing_delisted(uow, listing_code=event.listing_code)
    listings.take_off_sale(uow, listing_code=event.listing_code)


def ask_for_probe(uow: UnitOfWork, event: ReviewOpened) -> None:
    """Test calls leave the process, so they are made after the commit."""
    payload = {"case_id": event.case_id, "version_id": event.version_id}
    uow.enqueue("upstream.probe", payload, key=f"upstream.probe:{event.case_id}")


def keep_document(uow: UnitOfWork, event: LicenceDocumentOpened) -> None:
    """What the other party of a licence has read stays, as what the exchange has read does."""
    documents.note_opened(uow, event.document_hash, by_organisation=event.organisation_id)
