"""Registrations: entered when a review approves, public for a time, open to objection, final."""

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import NotYourDecision
from compliance.events import VersionApproved
from compliance.models.registrations import Objection, Registration
from compliance.models.reviews import ReviewCase
from compliance.review.errors import (
    ObjectionAlreadyRaised,
    ObjectionNotFound,
    RegistrationNotFound,
)
from compliance.review.registration_events import (
    ObjectionRaised,
    ObjectionResolved,
    RegistrationCancelled,
    RegistrationFinal,
)
from compliance.review.registration_machine import (
    DISMISS,
    OBJECT,
    OBJECTION,
    PUBLICITY_OVER,
    REGISTRATION,
    UPHOLD,
    ObjectionState,
    RegistrationState,
)
from compliance.services.declarations import conflicts_known, declarations_of, is_barred
from compliance.services.listings.applications import open_application
from compliance.services.policies import policy_in_force
from compliance.services.reasons import seal_reason


def register(uow: UnitOfWork, case: ReviewCase) -> Registration:
    """Enter an approved case and publish it; without publicity it is final at once."""
    uow.session.flush()
    policy = policy_in_force(uow)
    registration = Registration(
        id=uow.ids.new("reg"),
        case_id=case.id,
        product_id=case.product_id,
        version_id=case.version_id,
        supplier_id=case.supplier_id,
        listing_code=case.listing_code,
        name=str(case.dossier.get("name", "")),
        dossier_hash=case.dossier_hash,
        state=RegistrationState.REGISTERED,
        is_for_listing=case.is_for_listing,
        registered_at=uow.now,
        publicity_ends_at=policy.after_working_days(uow.now, policy.publicity_working_days),
        changed_at=uow.now,
    )
    uow.session.add(registration)
    uow.record(
        VersionApproved(
            occurred_at=uow.now,
            case_id=case.id,
            version_id=case.version_id,
            registration_id=registration.id,
            listing_code=case.listing_code,
            supplier_id=case.supplier_id,
            dossier_hash=case.dossier_hash,
            approver_ids=tuple(case.approved_by),
            rule_set_hash=case.rule_set_hash,
        )
    )
    conclude_publicity(uow, registration)
    return registration


def conclude_publicity(uow: UnitOfWork, registration: Registration) -> bool:
    """Make a registration final whose publicity is over; whether it was.

    The listing is applied for in the supplier's name where it asked for that when submitting.
    """
    if registration.publicity_ends_at > uow.now:
        return False
    registration.state = REGISTRATION.next(registration.state, PUBLICITY_OVER)
    registration.final_at = registration.changed_at = uow.now
    uow.session.flush()
    uow.record(
        RegistrationFinal(
            occurred_at=uow.now,
            registration_id=registration.id,
            case_id=registration.case_id,
            version_id=registration.version_id,
        )
    )
    if registration.is_for_listing:
        open_application(uow, registration)
    return True


def lock_registration(uow: UnitOfWork, registration_id: str) -> Registration:
    """The registration, held to the end; raises `RegistrationNotFound`."""
    registration = uow.session.get(Registration, registration_id, with_for_update=True)
    if registration is None:
        raise RegistrationNotFound(registration_id)
    return registration


def raise_objection(
    uow: UnitOfWork, principal: Principal, *, registration_id: str, statement: str
) -> Objection:
    """Object to a registration during its publicity, once an organisation; it is not final then.

    Raises `RegistrationNotFound`, `NotYourDecision`, `ObjectionAlreadyRaised`,
    `IllegalTransition`.
    """
    registration = lock_registration(uow, registration_id)
    if principal.organisation_id == registration.supplier_id:
        why = "The registration is your own."
        raise NotYourDecision(why)
    _demand_first(uow, registration_id, principal.organisation_id)
    registration.state = REGISTRATION.next(registration.state, OBJECT)
    registration.changed_at = uow.now
    case = uow.session.get_one(ReviewCase, registration.case_id)
    involved = case.review(declarations_of(uow, case)).involved | set(case.approved_by)
    objection = Objection(
        id=uow.ids.new("obj"),
        registration_id=registration_id,
        objector_id=principal.organisation_id,
        supplier_id=registration.supplier_id,
        raised_by=principal.id,
        statement=statement,
        excluded_ids=sorted(involved),
        state=ObjectionState.RAISED,
        raised_at=uow.now,
    )
    uow.session.add(objection)
    uow.record(
        ObjectionRaised(
            occurred_at=uow.now,
            objection_id=objection.id,
            registration_id=registration_id,
            supplier_id=registration.supplier_id,
            statement_hash=seal_reason(uow, statement).hash,
        )
    )
    return objection


def _demand_first(uow: UnitOfWork, registration_id: str, objector_id: str) -> None:
    wanted = select(Objection.id).where(
        Objection.registration_id == registration_id, Objection.objector_id == objector_id
    )
    if uow.session.scalars(wanted).first() is not None:
        raise ObjectionAlreadyRaised(registration_id)


def resolve_objection(
    uow: UnitOfWork, principal: Principal, *, objection_id: str, outcome: str, reason: str
) -> Objection:
    """Uphold an objection, which cancels the registration, or dismiss it, by somebody uninvolved.

    Raises `ObjectionNotFound`, `NotYourDecision`, `IllegalTransition`.
    """
    objection = uow.session.get(Objection, objection_id)
    if objection is None:
        raise ObjectionNotFound(objection_id)
    registration = lock_registration(uow, objection.registration_id)
    uow.session.refresh(objection, with_for_update=True)
    _demand_uninvolved(uow, principal, objection, registration)
    sealed = seal_reason(uow, reason)
    objection.state = OBJECTION.next(objection.state, outcome)
    objection.decided_by, objection.decided_at = principal.id, uow.now
    objection.reason, objection.reason_salt = sealed.text, sealed.salt
    objection.reason_hash = sealed.hash
    uow.session.flush()
    uow.record(
        ObjectionResolved(
            occurred_at=uow.now,
            objection_id=objection.id,
            registration_id=registration.id,
            objector_id=objection.objector_id,
            outcome=objection.state,
            decided_by=principal.id,
            reason_hash=sealed.hash,
        )
    )
    _settle(uow, registration, objection)
    return objection


def _demand_uninvolved(
    uow: UnitOfWork, principal: Principal, objection: Objection, registration: Registration
) -> None:
    case = uow.session.get_one(ReviewCase, registration.case_id)
    is_party = principal.organisation_id == objection.objector_id
    if is_party or conflicts_known(uow, principal, case):
        why = "You belong to one of the parties, or are known to be conflicted."
        raise NotYourDecision(why)
    if principal.id in objection.excluded_ids or is_barred(uow, case.id, principal.id):
        why = "You were involved in the registration, or declared a conflict."
        raise NotYourDecision(why)


def _settle(uow: UnitOfWork, registration: Registration, objection: Objection) -> None:
    if registration.state == RegistrationState.CANCELLED:
        return
    if objection.state == ObjectionState.UPHELD:
        _cancel(uow, registration, objection)
        return
    left = select(Objection.id).where(
        Objection.registration_id == registration.id, Objection.state == ObjectionState.RAISED
    )
    if uow.session.scalars(left).first() is None:
        registration.state = REGISTRATION.next(registration.state, DISMISS)
        registration.changed_at = uow.now
        conclude_publicity(uow, registration)


def _cancel(uow: UnitOfWork, registration: Registration, objection: Objection) -> None:
    registration.state = REGISTRATION.next(registration.state, UPHOLD)
    registration.changed_at = uow.now
    uow.record(
        RegistrationCancelled(
            occurred_at=uow.now,
            registration_id=registration.id,
            version_id=registration.version_id,
            supplier_id=registration.supplier_id,
            objection_id=objection.id,
        )
    )
