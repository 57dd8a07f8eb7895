"""Licences that end before their term: revoked by reason, given up, or not renewed."""

from sqlalchemy import ColumnElement, select

from app.core.principals import Permission, Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import LicenceNotFound, NotYourDecision
from compliance.events import LicenceRevoked
from compliance.models.licences import Licence
from compliance.review.listing_machine import RevocationReason
from compliance.review.scenario_machine import LICENCE_TRANSITIONS, REVOKE, LicenceState

REVOKED_AT_ONCE_MAX = 500
"""Licences ended in one transaction; the worker's tick ends the rest of a larger number."""


def revoke_licence(
    uow: UnitOfWork, principal: Principal, *, licence_id: str, reason_code: str
) -> Licence:
    """End a licence before its term: the exchange's risk officer or its supplier may.

    Raises `LicenceNotFound`, `NotYourDecision`, `IllegalTransition`.
    """
    licence = uow.session.get(Licence, licence_id, with_for_update=True)
    if licence is None:
        raise LicenceNotFound(licence_id)
    is_supplier = principal.organisation_id == licence.supplier_id
    may_as_supplier = is_supplier and principal.may(Permission.OFFER_PRODUCTS)
    if not (may_as_supplier or principal.may(Permission.SUSPEND)):
        why = "Only the licence's supplier or the exchange's risk officer revokes it."
        raise NotYourDecision(why)
    revoke(uow, licence, actor_id=principal.id, reason_code=reason_code)
    return licence


def surrender_licence(uow: UnitOfWork, principal: Principal, *, licence_id: str) -> Licence:
    """Its buyer gives a licence up, for good and at once; the scenario and others under it stay.

    Raises `LicenceNotFound`, `NotYourDecision`, `IllegalTransition`.
    """
    licence = uow.session.get(Licence, licence_id, with_for_update=True)
    if licence is None:
        raise LicenceNotFound(licence_id)
    if principal.organisation_id != licence.buyer_id:
        why = "Only the licence's buyer gives it up."
        raise NotYourDecision(why)
    revoke(uow, licence, actor_id=principal.id, reason_code=RevocationReason.GIVEN_UP)
    return licence


def end_unrenewed(uow: UnitOfWork, *, licence_id: str, actor_id: str) -> bool:
    """The last period of a licence is over, as its buyer said; whether it was still active."""
    licence = uow.session.get(Licence, licence_id, with_for_update=True)
    if licence is None or licence.state != LicenceState.ACTIVE:
        return False
    revoke(uow, licence, actor_id=actor_id, reason_code=RevocationReason.GIVEN_UP)
    return True


def revoke(uow: UnitOfWork, licence: Licence, *, actor_id: str, reason_code: str) -> None:
    """The revocation itself; raises `IllegalTransition`."""
    licence.state = LICENCE_TRANSITIONS.next(licence.state, REVOKE)
    licence.ended_at, licence.ended_by = uow.now, actor_id
    licence.reason_code = RevocationReason(reason_code)
    uow.record(
        LicenceRevoked(
            occurred_at=uow.now,
            licence_id=licence.id,
            buyer_id=licence.buyer_id,
            supplier_id=licence.supplier_id,
            reason_code=reason_code,
            revoked_by=actor_id,
        )
    )


def revoke_licences_of_listing(uow: UnitOfWork, listing_code: str, *, actor_id: str) -> None:
    """End the listing's active licences, at most `REVOKED_AT_ONCE_MAX` now."""
    reason = RevocationReason.LISTING_REVOKED
    _revoke_all(uow, Licence.listing_code == listing_code, actor_id, reason)


def revoke_licences_of_scenario(uow: UnitOfWork, scenario_id: str, *, actor_id: str) -> None:
    """End the scenario's active licences, at most `REVOKED_AT_ONCE_MAX` now."""
    reason = RevocationReason.SCENARIO_WITHDRAWN
    _revoke_all(uow, Licence.scenario_id == scenario_id, actor_id, reason)


def _revoke_all(
    uow: UnitOfWork, which: ColumnElement[bool], actor_id: str, reason_code: str
) -> None:
    wanted = select(Licence).where(which, Licence.state == LicenceState.ACTIVE)
    batch = wanted.order_by(Licence.id).limit(REVOKED_AT_ONCE_MAX).with_for_update()
    for licence in uow.session.scalars(batch):
        revoke(uow, licence, actor_id=actor_id, reason_code=reason_code)
