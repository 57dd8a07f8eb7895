"""Revoking a listing: proposed by one person, decided by a panel; calls stop at once."""

from sqlalchemy import select

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import ListingNeverPublished
from compliance.events import ListingRevoked
from compliance.models.panels import SittingPanel
from compliance.models.reviews import ReviewCase
from compliance.models.suspensions import Revocation, Suspension
from compliance.review import suspension_machine as machine
from compliance.review.errors import RevocationAlreadyProposed
from compliance.review.panels import REVOCATION, Panel, PanelState
from compliance.review.suspension_events import RevocationProposed, RevocationRefused
from compliance.services.licences.ends import revoke_licences_of_listing
from compliance.services.listings.standing import find_approval, find_suspension, lock_standing
from compliance.services.listings.suspensions import (
    end_suspension,
    follow,
    standing_of,
)
from compliance.services.panels import open_panel
from compliance.services.reasons import seal_reason


def propose_revocation(
    uow: UnitOfWork, principal: Principal, *, listing_code: str, reason_code: str, reason: str
) -> Revocation:
    """Call a panel over a listing in force; nobody who had a hand in it before sits there.

    Raises `ListingNeverPublished`, `IllegalTransition`, `RevocationAlreadyProposed`.
    """
    kept = lock_standing(uow, listing_code)
    suspension = find_suspension(uow, listing_code)
    machine.revoke(standing_of(kept, suspension))
    case = find_approval(uow, kept.version_id, kept.dossier_hash)
    if case is None:
        raise ListingNeverPublished(listing_code)
    _demand_none_open(uow, listing_code)
    sealed = seal_reason(uow, reason)
    revocation = Revocation(
        id=uow.ids.new("rvc"),
        listing_code=listing_code,
        supplier_id=kept.supplier_id,
        case_id=case.id,
        reason_code=reason_code,
        reason=sealed.text,
        reason_salt=sealed.salt,
        reason_hash=sealed.hash,
        proposed_by=principal.id,
        proposed_at=uow.now,
        state=PanelState.OPEN,
    )
    uow.session.add(revocation)
    revocation.panel_id = _call_panel(uow, revocation, case, suspension)
    uow.record(
        RevocationProposed(
            occurred_at=uow.now,
            revocation_id=revocation.id,
            listing_code=listing_code,
            reason_code=reason_code,
            proposed_by=principal.id,
            reason_hash=sealed.hash,
        )
    )
    return revocation


def _call_panel(
    uow: UnitOfWork, revocation: Revocation, case: ReviewCase, suspension: Suspension | None
) -> str:
    """The panel's id; nobody who proposed, suspended or reviewed is seated."""
    hands = (
        revocation.proposed_by,
        suspension and suspension.suspended_by,
        case.admitted_by,
        case.first_reviewer_id,
        case.second_reviewer_id,
    )
    excluded = [each for each in hands if each]
    return open_panel(
        uow, kind=REVOCATION, subject_id=revocation.id, case=case, excluded=excluded
    ).id


def _demand_none_open(uow: UnitOfWork, listing_code: str) -> None:
    wanted = select(Revocation).where(
        Revocation.listing_code == listing_code, Revocation.state == PanelState.OPEN
    )
    found = uow.session.scalars(wanted).first()
    if found is not None:
        raise RevocationAlreadyProposed(listing_code, str(found.panel_id))


def conclude_revocation(uow: UnitOfWork, sitting: SittingPanel, panel: Panel) -> None:
    """What a concluded panel means for its listing; an open one means nothing yet."""
    if panel.state is PanelState.OPEN:
        return
    revocation = uow.session.get_one(Revocation, sitting.subject_id)
    revocation.state, revocation.decided_at = panel.state, uow.now
    uow.session.flush()
    if panel.state is PanelState.CARRIED:
        _revoke(uow, revocation)
        return
    uow.record(
        RevocationRefused(
            occurred_at=uow.now,
            revocation_id=revocation.id,
            listing_code=revocation.listing_code,
        )
    )


def _revoke(uow: UnitOfWork, revocation: Revocation) -> None:
    kept = lock_standing(uow, revocation.listing_code)
    suspension = find_suspension(uow, revocation.listing_code)
    follow(uow, kept, machine.revoke(standing_of(kept, suspension)))
    kept.reason_code = revocation.reason_code
    if suspension is not None:
        end_suspension(uow, suspension, outcome="REVOKED", ended_by=revocation.id)
    uow.record(
        ListingRevoked(
            occurred_at=uow.now,
            listing_code=kept.listing_code,
            reason_code=revocation.reason_code,
            revoked_by=revocation.id,
            is_under_notice=kept.delists_at is not None,
        )
    )
    revoke_licences_of_listing(uow, kept.listing_code, actor_id=revocation.id)
