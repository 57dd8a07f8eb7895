"""Listing: applied for on a final registration, decided by a third person on today's rules."""

from sqlalchemy import select

from app.core.delivery import demand_deliverable
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding
from compliance.models.registrations import ListingApplication, Registration
from compliance.models.reviews import ReviewCase
from compliance.review.case_errors import ReviewerConflicted
from compliance.review.errors import (
    ApplicationAlreadyOpen,
    ApplicationNotFound,
    RegistrationNotFinal,
    RegistrationNotFound,
)
from compliance.review.registration_events import ListingAppliedFor, ListingApproved, ListingRefused
from compliance.review.registration_machine import (
    ApplicationState,
    ListingDecision,
    RegistrationState,
    decide_listing,
)
from compliance.rules.evaluation import Evaluation
from compliance.rules.rule_set import Stage
from compliance.services.declarations import declare, is_barred
from compliance.services.evaluations.runs import run_rules
from compliance.services.listings.cures import cure_listing
from compliance.services.policies import policy_in_force
from compliance.services.reasons import SealedReason, seal_reason


def apply_for_listing(
    uow: UnitOfWork, principal: Principal, *, registration_id: str
) -> ListingApplication:
    """The supplier's application, once; after a refusal the version is to be submitted again.

    Raises `RegistrationNotFound`, `RegistrationNotFinal`, `ApplicationAlreadyOpen`,
    `DeliveryUnavailable`.
    """
    registration = uow.session.get(Registration, registration_id, with_for_update=True)
    if registration is None or registration.supplier_id != principal.organisation_id:
        raise RegistrationNotFound(registration_id)
    case = uow.session.get_one(ReviewCase, registration.case_id)
    demand_deliverable(case.dossier)
    return open_application(uow, registration)


def open_application(uow: UnitOfWork, registration: Registration) -> ListingApplication:
    """An application in the officers' queue; raises as `apply_for_listing`."""
    if registration.state != RegistrationState.REGISTERED_FINAL:
        raise RegistrationNotFinal(registration.id, registration.state)
    standing = find_application(uow, registration)
    if standing is not None:
        raise ApplicationAlreadyOpen(standing.id)
    case = uow.session.get_one(ReviewCase, registration.case_id)
    policy = policy_in_force(uow)
    application = ListingApplication(
        id=uow.ids.new("app"),
        registration_id=registration.id,
        case_id=case.id,
        listing_code=case.listing_code,
        version_id=case.version_id,
        supplier_id=case.supplier_id,
        state=ApplicationState.LISTING_REVIEW,
        excluded_ids=_who_approved(case),
        applied_at=uow.now,
        due_at=policy.after_working_days(uow.now, policy.listing_working_days),
    )
    uow.session.add(application)
    uow.session.flush()
    uow.record(
        ListingAppliedFor(
            occurred_at=uow.now,
            application_id=application.id,
            registration_id=registration.id,
            listing_code=application.listing_code,
        )
    )
    return application


def _who_approved(case: ReviewCase) -> list[str]:
    reviewers = (case.first_reviewer_id, case.second_reviewer_id)
    return sorted({*case.approved_by, *(each for each in reviewers if each)})


def find_application(uow: UnitOfWork, registration: Registration) -> ListingApplication | None:
    """The registration's application, if there is one."""
    wanted = select(ListingApplication).where(ListingApplication.registration_id == registration.id)
    return uow.session.scalars(wanted).one_or_none()


def decide_application(
    uow: UnitOfWork,
    principal: Principal,
    *,
    application_id: str,
    answers: dict[str, str],
    decision: str,
    reason: str,
) -> ListingApplication:
    """The listing officer's declaration and decision; approving runs every rule again today.

    A declared conflict is kept for good, decides nothing and leaves the application to others.
    What it lists ends a suspension whose cause it takes away. Raises `ApplicationNotFound`,
    `IllegalTransition`, `ListingOfficerMustDiffer`, `ReviewerConflicted`, `RulesBlock`,
    `DeclarationIncomplete`, `DossierHashMismatch`, `CauseNotClosed`, `SecondPersonNeeded`.
    """
    application = uow.session.get(ListingApplication, application_id, with_for_update=True)
    if application is None:
        raise ApplicationNotFound(application_id)
    case = uow.session.get_one(ReviewCase, application.case_id)
    # Held first, as the tick holds it: whoever lists and whoever suspends wait in one order.
    uow.session.get(ListingStanding, application.listing_code, with_for_update=True)
    before = application.application()
    decide_listing(before, principal.id, ListingDecision(decision))
    if is_barred(uow, case.id, principal.id):
        raise ReviewerConflicted(application_id, ["declared"])
    if declare(uow, principal, case, answers).is_conflicted:
        return application
    case.demand_unchanged()
    evaluation = run_rules(uow, case, Stage.LISTING)
    decided = decide_listing(
        before,
        principal.id,
        ListingDecision(decision),
        blocking=tuple(each.rule_id for each in evaluation.blocking),
    )
    sealed = seal_reason(uow, reason)
    application.state, application.officer_id = decided.state, principal.id
    application.reason, application.reason_salt = sealed.text, sealed.salt
    application.reason_hash, application.decided_at = sealed.hash, uow.now
    uow.session.flush()
    if application.state == ApplicationState.LISTED:
        cure_listing(uow, application, case, principal.id)
    _tell(uow, application, case, evaluation=evaluation, sealed=sealed)
    return application


def _tell(
    uow: UnitOfWork,
    application: ListingApplication,
    case: ReviewCase,
    *,
    evaluation: Evaluation,
    sealed: SealedReason,
) -> None:
    officer_id = str(application.officer_id)
    if application.state == ApplicationState.REFUSED:
        uow.record(
            ListingRefused(
                occurred_at=uow.now,
                application_id=application.id,
                case_id=case.id,
                version_id=case.version_id,
                listing_code=case.listing_code,
                supplier_id=case.supplier_id,
                officer_id=officer_id,
                reason_hash=sealed.hash,
            )
        )
        return
    uow.record(
        ListingApproved(
            occurred_at=uow.now,
            application_id=application.id,
            registration_id=application.registration_id,
            case_id=case.id,
            version_id=case.version_id,
            listing_code=case.listing_code,
            dossier_hash=case.dossier_hash,
            officer_id=officer_id,
            rule_set_hash=evaluation.rule_set_hash,
            input_hash=evaluation.input_hash,
            reason_hash=sealed.hash,
        )
    )
