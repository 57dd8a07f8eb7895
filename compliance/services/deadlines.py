"""What time brings about in reviews: one bounded batch of each kind per call."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import aliased

from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import ListingStanding, Scenario
from compliance.models.panels import SittingPanel
from compliance.models.platform import PlatformStatement
from compliance.models.price_alarms import PriceAlarm
from compliance.models.registrations import ListingApplication, Registration
from compliance.models.reviews import ReviewCase
from compliance.models.suspensions import Suspension
from compliance.review.case_machine import OPEN_STAGES, Stage, lapse
from compliance.review.deadlines import USE_STAGES
from compliance.review.events import ReviewEscalated, ReviewExpired
from compliance.review.listing_machine import ListingState
from compliance.review.panels import APPEAL, CASE, SCENARIO, PanelState, close_overdue
from compliance.review.price_alarms import UNDECIDED, PriceAlarmState
from compliance.review.registration_machine import ApplicationState, RegistrationState
from compliance.review.scenario_machine import ScenarioState
from compliance.services.appeals import conclude_appeal, lock_appeal
from compliance.services.cases.reviews import advance, lock_case
from compliance.services.declarations import declarations_of
from compliance.services.licences.price_alarms import begin_decision
from compliance.services.listings.registrations import conclude_publicity
from compliance.services.listings.revocations import conclude_revocation
from compliance.services.listings.suspensions import complete_delisting, is_held_back
from compliance.services.panel_votes import conclude_case
from compliance.services.panels import follow as follow_panel
from compliance.services.portions import each_alone
from compliance.services.scenarios.declaring import lock_scenario
from compliance.services.scenarios.panels import conclude_scenario

Row = TypeVar("Row")
RATIFICATION, PLATFORM = "RATIFICATION", "PLATFORM"
PRICE, PRICE_DECISION = "PRICE", "PRICE_DECISION"


def keep_deadlines(uow: UnitOfWork, limit: int) -> int:
    """Everything whose time is over, at most ``limit`` of each kind; how many rows changed.

    Needs the exchange's reach. Rows that another worker holds are left to it; one that cannot be
    brought to its end is left for the next time and stops no other.
    """
    steps = (
        _end_publicity,
        _expire_supplements,
        _close_panels,
        _escalate_cases,
        _escalate_uses,
        _escalate_applications,
        _escalate_panels,
        _escalate_prices,
        _escalate_price_decisions,
        _escalate_duties,
        _escalate_suspensions,
        _complete_delistings,
    )
    return sum(step(uow, limit) for step in steps)


def _next(uow: UnitOfWork, wanted: Select[Row], limit: int) -> Sequence[Row]:
    """The first of them, locked; those that another worker holds are passed over."""
    return uow.session.scalars(wanted.limit(limit).with_for_update(skip_locked=True)).all()


def _end_publicity(uow: UnitOfWork, limit: int) -> int:
    wanted = select(Registration).where(
        Registration.state == RegistrationState.REGISTERED,
        Registration.publicity_ends_at <= uow.now,
    )
    ended = _next(uow, wanted.order_by(Registration.id), limit)
    return each_alone(uow, ended, conclude_publicity)


def _expire_supplements(uow: UnitOfWork, limit: int) -> int:
    wanted = select(ReviewCase).where(
        ReviewCase.stage == Stage.SUPPLEMENT, ReviewCase.due_at <= uow.now
    )
    return each_alone(uow, _next(uow, wanted.order_by(ReviewCase.id), limit), _expire)


def _expire(uow: UnitOfWork, case: ReviewCase) -> bool:
    advance(uow, case, lapse(case.review(declarations_of(uow, case))))
    uow.record(ReviewExpired(occurred_at=uow.now, case_id=case.id, version_id=case.version_id))
    return True


def _overdue_panels(
    uow: UnitOfWork, limit: int, *that: ColumnElement[bool]
) -> Sequence[SittingPanel]:
    wanted = select(SittingPanel).where(
        SittingPanel.state == PanelState.OPEN, SittingPanel.due_at <= uow.now, *that
    )
    batch = wanted.order_by(SittingPanel.id).limit(limit)
    return uow.session.scalars(batch.with_for_update(skip_locked=True, of=SittingPanel)).all()


def _close_panels(uow: UnitOfWork, limit: int) -> int:
    """A panel whose time is over concludes with the odd quorum that it has, escalated or not."""
    votes = SittingPanel.in_favour_count + SittingPanel.against_count
    # What `close_overdue` leaves open must not fill the portion.
    ripe = _overdue_panels(uow, limit, votes >= SittingPanel.quorum, votes % 2 == 1)
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


def _escalate(uow: UnitOfWork, subject_id: str, stage: str, due_at: datetime) -> None:
    uow.record(
        ReviewEscalated(occurred_at=uow.now, subject_id=subject_id, stage=stage, due_at=due_at)
    )


def _escalate_cases(uow: UnitOfWork, limit: int) -> int:
    stages = [each for each in OPEN_STAGES if each is not Stage.PANEL]
    wanted = select(ReviewCase).where(
        ReviewCase.stage.in_(stages),
        ReviewCase.due_at <= uow.now,
        ReviewCase.escalated_at.is_(None),
    )
    cases = _next(uow, wanted.order_by(ReviewCase.id), limit)
    for case in cases:
        assert case.due_at is not None
        case.escalated_at = uow.now
        _escalate(uow, case.id, case.stage, case.due_at)
    return len(cases)


def _escalate_uses(uow: UnitOfWork, limit: int) -> int:
    wanted = select(Scenario).where(
        Scenario.state.in_(USE_STAGES),
        Scenario.due_at <= uow.now,
        Scenario.escalated_at.is_(None),
    )
    uses = _next(uow, wanted.order_by(Scenario.id), limit)
    for use in uses:
        assert use.due_at is not None
        use.escalated_at = uow.now
        _escalate(uow, use.id, USE_STAGES[ScenarioState(use.state)], use.due_at)
    return len(uses)


def _escalate_applications(uow: UnitOfWork, limit: int) -> int:
    wanted = select(ListingApplication).where(
        ListingApplication.state == ApplicationState.LISTING_REVIEW,
        ListingApplication.due_at <= uow.now,
        ListingApplication.escalated_at.is_(None),
    )
    applications = _next(uow, wanted.order_by(ListingApplication.id), limit)
    for application in applications:
        application.escalated_at = uow.now
        _escalate(uow, application.id, application.state, application.due_at)
    return len(applications)


def _escalate_panels(uow: UnitOfWork, limit: int) -> int:
    panels = _overdue_panels(uow, limit, SittingPanel.escalated_at.is_(None))
    for sitting in panels:
        sitting.escalated_at = uow.now
        _escalate(uow, sitting.id, sitting.kind, sitting.due_at)
    return len(panels)


def _escalate_prices(uow: UnitOfWork, limit: int) -> int:
    """Another price without a reason in time is the exchange's to object to."""
    wanted = select(PriceAlarm).where(
        PriceAlarm.state == PriceAlarmState.OPEN,
        PriceAlarm.due_at <= uow.now,
        PriceAlarm.escalated_at.is_(None),
    )
    alarms = _next(uow, wanted.order_by(PriceAlarm.id), limit)
    for alarm in alarms:
        alarm.escalated_at = uow.now
        begin_decision(uow, alarm, alarm.due_at)
        _escalate(uow, alarm.id, PRICE, alarm.due_at)
    return len(alarms)


def _escalate_price_decisions(uow: UnitOfWork, limit: int) -> int:
    wanted = select(PriceAlarm).where(
        PriceAlarm.state.in_(UNDECIDED),
        PriceAlarm.decision_due_at <= uow.now,
        PriceAlarm.decision_escalated_at.is_(None),
    )
    alarms = _next(uow, wanted.order_by(PriceAlarm.id), limit)
    for alarm in alarms:
        assert alarm.decision_due_at is not None
        alarm.decision_escalated_at = uow.now
        _escalate(uow, alarm.id, PRICE_DECISION, alarm.decision_due_at)
    return len(alarms)


def _escalate_duties(uow: UnitOfWork, limit: int) -> int:
    """A duty of the platform that nobody stated again is nobody's but the exchange's."""
    newer = aliased(PlatformStatement)
    renewed = exists().where(
        newer.rule_id == PlatformStatement.rule_id,
        newer.confirmed_by.is_not(None),
        newer.valid_until > uow.now,
    )
    wanted = select(PlatformStatement).where(
        PlatformStatement.confirmed_by.is_not(None),
        PlatformStatement.valid_until <= uow.now,
        PlatformStatement.escalated_at.is_(None),
        ~renewed,
    )
    lapsed = _next(uow, wanted.order_by(PlatformStatement.id), limit)
    for statement in lapsed:
        statement.escalated_at = uow.now
        _escalate(uow, statement.id, PLATFORM, statement.valid_until)
    return len(lapsed)


def _escalate_suspensions(uow: UnitOfWork, limit: int) -> int:
    """An emergency that nobody ratified stays in force: calls never reopen by themselves."""
    wanted = select(Suspension).where(
        Suspension.ended_at.is_(None),
        Suspension.ratified_by.is_(None),
        Suspension.escalated_at.is_(None),
        Suspension.ratify_until <= uow.now,
    )
    suspensions = _next(uow, wanted.order_by(Suspension.id), limit)
    for suspension in suspensions:
        assert suspension.ratify_until is not None
        suspension.escalated_at = uow.now
        _escalate(uow, suspension.id, RATIFICATION, suspension.ratify_until)
    return len(suspensions)


def _complete_delistings(uow: UnitOfWork, limit: int) -> int:
    wanted = select(ListingStanding).where(
        ListingStanding.state.in_([ListingState.DELISTING, ListingState.SUSPENDED]),
        ListingStanding.delists_at <= uow.now,
        ~is_held_back(),
    )
    standings = _next(uow, wanted.order_by(ListingStanding.delists_at), limit)
    return each_alone(uow, standings, complete_delisting)
