"""A new version ends the suspension whose cause it takes away, in the moment that it is listed."""

from sqlalchemy import select

from app.core.unit_of_work import UnitOfWork
from compliance.errors import CauseNotClosed
from compliance.lapses.expiry import evidence_lapses_at
from compliance.models.licences import ListingStanding
from compliance.models.narrowing import CHAIN, Narrowing
from compliance.models.registrations import ListingApplication
from compliance.models.reviews import Party, ReviewCase
from compliance.models.suspensions import Suspension
from compliance.review import suspension_machine as machine
from compliance.review.listing_machine import SuspensionReason
from compliance.services.evaluations.rule_sets import held_rule_set
from compliance.services.listings.standing import (
    causes_of,
    find_approval,
    find_suspension,
    lock_standing,
)
from compliance.services.listings.suspensions import (
    announce_resumption,
    end_suspension,
    follow,
    is_cured_by_a_version,
    standing_of,
)


def cure_listing(
    uow: UnitOfWork, application: ListingApplication, case: ReviewCase, officer_id: str
) -> None:
    """Open a listing again whose evidence had lapsed, or whose right had ended, before.

    A suspension for another reason is left as it is, and stops the version where it is published.
    Raises `CauseNotClosed`, `SecondPersonNeeded`.
    """
    suspension = find_suspension(uow, application.listing_code)
    if suspension is None or not is_cured_by_a_version(suspension):
        return
    kept = lock_standing(uow, application.listing_code)
    cured = machine.cure(standing_of(kept, suspension), officer_id)
    _demand_closed(uow, kept, case)
    follow(uow, kept, cured)
    suspension.resumption_proposed_by = _approver(case, suspension)
    end_suspension(uow, suspension, outcome="CURED", ended_by=application.id)
    announce_resumption(uow, kept, suspension, officer_id)


def _demand_closed(uow: UnitOfWork, kept: ListingStanding, case: ReviewCase) -> None:
    """Raises `CauseNotClosed` where the new version would be suspended again."""
    lapses_at = evidence_lapses_at(case.dossier, held_rule_set(uow, case.rule_set_hash))
    causes = causes_of(lapses_at, uow.session.get(Party, kept.supplier_id), uow.now)
    if _stands_on_what_ended(uow, kept, case):
        causes.append(SuspensionReason.RIGHTS_ENDED)
    if causes:
        raise CauseNotClosed(kept.listing_code, [cause.value for cause in causes])


def _stands_on_what_ended(uow: UnitOfWork, kept: ListingStanding, case: ReviewCase) -> bool:
    """Whether a link that its grantor ended is in the new chain as it was."""
    wanted = select(Narrowing.link).where(
        Narrowing.source == CHAIN,
        Narrowing.version_id == kept.version_id,
        Narrowing.is_end.is_(True),
    )
    former = find_approval(uow, kept.version_id, kept.dossier_hash)
    links = (former.dossier.get("authorisation_chain") or ()) if former else ()
    chain, ended = case.dossier.get("authorisation_chain") or (), set(uow.session.scalars(wanted))
    return any(link in chain for place, link in enumerate(links) if place in ended)


def _approver(case: ReviewCase, suspension: Suspension) -> str:
    """One of those who approved the version and did not suspend the listing."""
    return next(each for each in case.approved_by if each != suspension.suspended_by)
