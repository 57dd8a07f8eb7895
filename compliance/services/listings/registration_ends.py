"""The end of a registration from outside: given up, transferred, or with a revoked listing."""

from sqlalchemy.exc import OperationalError

from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding
from compliance.models.registrations import ListingApplication, Registration
from compliance.review.errors import RegistrationInHand
from compliance.review.listing_machine import ListingState
from compliance.review.registration_events import RegistrationEnded
from compliance.review.registration_machine import (
    APPLICATION,
    END,
    REGISTRATION,
    TRANSFER,
    WITHDRAW,
    ApplicationState,
    RegistrationState,
)
from compliance.services.listings.applications import find_application


def end_registration(
    uow: UnitOfWork, *, registration_id: str, is_own_wish: bool, is_transfer: bool = False
) -> None:
    """Nothing is listed on it any more; an application that waits is withdrawn.

    One that ended before, or that this room never made, stays as it is. Raises
    `RegistrationInHand`, and `IllegalTransition` when a listing officer was faster.
    """
    registration = _lock(uow, registration_id, is_patient=not (is_own_wish or is_transfer))
    if registration is None or registration.state == RegistrationState.CANCELLED:
        return
    application = find_application(uow, registration)
    if application is not None:
        uow.session.refresh(application, with_for_update=True)
    if is_own_wish and _is_on_sale(uow, registration):
        REGISTRATION.next(registration.state, "end while on sale")
    is_waiting = application is None or application.state == ApplicationState.LISTING_REVIEW
    registration.state = REGISTRATION.next(registration.state, TRANSFER if is_transfer else END)
    registration.changed_at = uow.now
    withdrawn = _withdraw(application)
    uow.record(
        RegistrationEnded(
            occurred_at=uow.now,
            registration_id=registration.id,
            case_id=registration.case_id,
            version_id=registration.version_id,
            application_id=withdrawn,
            is_waiting=is_waiting,
        )
    )


def _lock(uow: UnitOfWork, registration_id: str, *, is_patient: bool) -> Registration | None:
    """Held to the end; a holder, or a transfer, does not wait for whoever has it in hand just now.

    They may be about to touch the registry's entry, which this transaction holds already: to wait
    for each other would help neither.
    """
    if is_patient:
        return uow.session.get(Registration, registration_id, with_for_update=True)
    try:
        with uow.session.begin_nested():
            return uow.session.get(Registration, registration_id, with_for_update={"nowait": True})
    except OperationalError as error:
        raise RegistrationInHand(registration_id) from error


def _is_on_sale(uow: UnitOfWork, registration: Registration) -> bool:
    standing = uow.session.get(ListingStanding, registration.listing_code)
    if standing is None or standing.version_id != registration.version_id:
        return False
    live = {ListingState.LISTED, ListingState.SUSPENDED}
    return standing.state in live and standing.delists_at is None


def _withdraw(application: ListingApplication | None) -> str | None:
    if application is None or application.state != ApplicationState.LISTING_REVIEW:
        return None
    application.state = APPLICATION.next(application.state, WITHDRAW)
    return application.id
