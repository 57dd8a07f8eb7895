"""What time brings about in reviews: one bounded batch of each kind per call."""

from sqlalchemy import select

from app.core.portions import each_alone, next_of
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding
from compliance.models.panels import SittingPanel
from compliance.models.registrations import Registration
from compliance.models.reviews import ReviewCase
from compliance.review.case_machine import Stage, lapse
from compliance.review.events import ReviewExpired
from compliance.review.listing_machine import ListingState
from compliance.review.panels import APPEAL, CASE, SCENARIO, PanelState, close_overdue
from compliance.review.registration_machine import RegistrationState
from compliance.services.appeals import conclude_appeal, lock_appeal
from compliance.services.cases.reviews import advance, lock_case
from compliance.services.declarations import declarations_of
from compliance.services.escalations import escalate, overdue_panels
from compliance.services.listings.registrations import conclude_publicity
from compliance.services.listings.revocations import conclude_revocation
from compliance.services.listings.suspensions import complete_delisting, is_held_back
from compliance.services.panel_votes import conclude_case
from compliance.services.panels import follow as follow_panel
from compliance.services.scenarios.declaring import lock_scenario
from compliance.services.scenarios.panels import conclude_scenario


def keep_deadlines(uow: UnitOfWork, limit: int) -> int:
    """Everything whose time is over, at most ``limit`` of each kind; how many rows changed.

    Needs the exchange's reach. Rows that another worker holds are left to it; one that cannot be
    brought to its end is left for the next time and stops no other.
    """
    steps = (_end_publicity, _expire_supplements, _close_panels, escalate, _complete_delistings)
    return sum(step(uow, limit) for step in steps)


def _end_publicity(uow: UnitOfWork, limit: int) -> int:
    wanted = select(Registration).where(
        Registration.state == RegistrationState.REGISTERED,
        Registration.publicity_ends_at <= uow.now,
    )
    ended = next_of(uow, wanted.order_by(Registration.id), limit)
    return each_alone(uow, ended, conclude_publicity)


def _expire_supplements(uow: UnitOfWork, limit: int) -> int:
    wanted = select(ReviewCase).where(
        ReviewCase.stage == Stage.SUPPLEMENT, ReviewCase.due_at <= uow.now
    )
    return each_alone(uow, next_of(uow, wanted.order_by(ReviewCase.id), limit), _expire)


def _expire(uow: UnitOfWork, case: ReviewCase) -> bool:
    advance(uow, case, lapse(case.review(declarations_of(uow, case))))
    uow.record(ReviewExpired(occurred_at=uow.now, case_id=case.id, version_id=case.version_id))
    return True


def _close_panels(uow: UnitOfWork, limit: int) -> int:
    """A panel whose time is over concludes with the odd quorum that it has, escalated or not."""
    votes = SittingPanel.in_favour_count + SittingPanel.against_count
    # What `close_overdue` leaves open must not fill the portion.
    ripe = overdue_panels(uow, limit, votes >= SittingPanel.quorum, votes % 2 == 1)
    return each_alone(uow, ripe, _close)


def _close(uow: UnitOfWork, sitting: SittingPanel) -> bool:
    panel = close_overdue(sitting.panel())
    if panel.state is PanelState.OPEN:
        return False
    follow_panel(uow, sitting, panel)
    if sitting.kind == CASE:
        conclude_case(uow, sitting, lock_case(uow, sitting.subject_id), panel)
    elif sitting.kind == SCENARIO:
        conclude_scenario(uow, sitting, lock_scenario(uow, sitting.subject_id), panel)
    elif sitting.kind == APPEAL:
        conclude_appeal(uow, sitting, lock_appeal(uow, sitting.subject_id))
    else:
        conclude_revocation(uow, sitting, panel)
    return True


def _complete_delistings(uow: UnitOfWork, limit: int) -> int:
    wanted = select(ListingStanding).where(
        ListingStanding.state.in_([ListingState.DELISTING, ListingState.SUSPENDED]),
        ListingStanding.delists_at <= uow.now,
        ~is_held_back(),
    )
    standings = next_of(uow, wanted.order_by(ListingStanding.delists_at), limit)
    return each_alone(uow, standings, complete_delisting)
