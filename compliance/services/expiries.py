"""What ends by itself: evidence, verifications, licences; one bounded batch per call."""

from sqlalchemy import or_, select

from app.core.portions import each_alone, next_of
from app.core.unit_of_work import UnitOfWork
from compliance.events import LicenceEnded
from compliance.models.licences import Licence, ListingStanding, Scenario
from compliance.models.reviews import Party
from compliance.review.listing_machine import (
    MACHINE,
    ListingState,
    RevocationReason,
    SuspensionScope,
)
from compliance.review.scenario_machine import END, LICENCE_TRANSITIONS, LicenceState, ScenarioState
from compliance.services.licences.ends import revoke
from compliance.services.listings.standing import open_causes
from compliance.services.listings.suspensions import suspend_by_itself
from compliance.services.narrowing import continue_narrowing

TERM_ENDED = "TERM_ENDED"


def suspend_expired(uow: UnitOfWork, limit: int) -> int:
    """Suspend, end and revoke what has lapsed; how many rows changed, at most 4 x ``limit``.

    Needs the exchange's reach. Rows that another worker holds are left to it.
    """
    done = _suspend_lapsed(uow, limit) + _end_licences(uow, limit) + _revoke_left(uow, limit)
    return done + continue_narrowing(uow, limit)


def _suspend_lapsed(uow: UnitOfWork, limit: int) -> int:
    unverified = select(Party.organisation_id).where(Party.verified_until <= uow.now)
    wanted = (
        select(ListingStanding)
        .where(
            or_(
                ListingStanding.state.in_([ListingState.LISTED, ListingState.DELISTING]),
                # Its calls still go on.
                ListingStanding.suspension_scope == SuspensionScope.NEW_ORDERS,
            ),
            or_(
                ListingStanding.evidence_lapses_at <= uow.now,
                ListingStanding.supplier_id.in_(unverified),
            ),
        )
        .order_by(ListingStanding.listing_code)
    )
    return each_alone(uow, next_of(uow, wanted, limit), _suspend_by_itself)


def _suspend_by_itself(uow: UnitOfWork, standing: ListingStanding) -> bool:
    causes = open_causes(standing, uow.session.get(Party, standing.supplier_id), uow.now)
    suspend_by_itself(uow, standing, causes)
    return True


def _end_licences(uow: UnitOfWork, limit: int) -> int:
    over = select(Licence).where(Licence.state == LicenceState.ACTIVE, Licence.ends_at <= uow.now)
    return each_alone(uow, next_of(uow, over.order_by(Licence.id), limit), _end)


def _end(uow: UnitOfWork, licence: Licence) -> bool:
    licence.state = LICENCE_TRANSITIONS.next(licence.state, END)
    licence.ended_at, licence.ended_by, licence.reason_code = uow.now, MACHINE, TERM_ENDED
    uow.record(
        LicenceEnded(
            occurred_at=uow.now,
            licence_id=licence.id,
            buyer_id=licence.buyer_id,
            supplier_id=licence.supplier_id,
            ends_at=licence.ends_at,
        )
    )
    return True


def _revoke_left(uow: UnitOfWork, limit: int) -> int:
    revoked = select(ListingStanding.listing_code).where(
        ListingStanding.state == ListingState.REVOKED
    )
    withdrawn = select(Scenario.id).where(Scenario.state == ScenarioState.WITHDRAWN)
    left = select(Licence).where(
        Licence.state == LicenceState.ACTIVE,
        or_(Licence.listing_code.in_(revoked), Licence.scenario_id.in_(withdrawn)),
    )
    return each_alone(uow, next_of(uow, left.order_by(Licence.id), limit), _revoke)


def _revoke(uow: UnitOfWork, licence: Licence) -> bool:
    revoke(uow, licence, actor_id=MACHINE, reason_code=_reason(uow, licence))
    return True


def _reason(uow: UnitOfWork, licence: Licence) -> RevocationReason:
    standing = uow.session.get(ListingStanding, licence.listing_code)
    if standing is not None and standing.state == ListingState.REVOKED:
        return RevocationReason.LISTING_REVOKED
    return RevocationReason.SCENARIO_WITHDRAWN
