"""What nobody did in time is told once to everybody who may do it, each row alone."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from app.core.portions import each_alone, next_of
from app.core.unit_of_work import UnitOfWork
from compliance.models.licences import Scenario
from compliance.models.panels import SittingPanel
from compliance.models.platform import PlatformStatement
from compliance.models.price_alarms import PriceAlarm
from compliance.models.registrations import ListingApplication
from compliance.models.reviews import ReviewCase
from compliance.models.suspensions import Suspension
from compliance.review.case_machine import OPEN_STAGES, Stage
from compliance.review.deadlines import USE_STAGES
from compliance.review.events import ReviewEscalated
from compliance.review.panels import PanelState
from compliance.review.price_alarms import UNDECIDED, PriceAlarmState
from compliance.review.registration_machine import ApplicationState
from compliance.review.scenario_machine import ScenarioState
from compliance.services.licences.price_alarms import begin_decision

Row = TypeVar(
    "Row",
    ReviewCase,
    Scenario,
    ListingApplication,
    SittingPanel,
    PriceAlarm,
    PlatformStatement,
    Suspension,
)
RATIFICATION, PLATFORM = "RATIFICATION", "PLATFORM"
PRICE, PRICE_DECISION = "PRICE", "PRICE_DECISION"


def escalate(uow: UnitOfWork, limit: int) -> int:
    """Everything that is overdue, at most ``limit`` of each kind; how many rows changed."""
    steps = (
        _escalate_cases,
        _escalate_uses,
        _escalate_applications,
        _escalate_panels,
        _escalate_prices,
        _escalate_price_decisions,
        _escalate_duties,
        _escalate_suspensions,
    )
    return sum(step(uow, limit) for step in steps)


def _tell(uow: UnitOfWork, subject_id: str, stage: str, due_at: datetime | None) -> None:
    assert due_at is not None, "what is overdue had its day"
    uow.record(
        ReviewEscalated(occurred_at=uow.now, subject_id=subject_id, stage=stage, due_at=due_at)
    )


def _each_once(
    uow: UnitOfWork, rows: Iterable[Row], told: Callable[[Row], tuple[str, datetime | None]]
) -> int:
    """How many were escalated; ``told`` is the stage that a row stands in, and its day."""

    def escalate_one(uow: UnitOfWork, row: Row) -> bool:
        row.escalated_at = uow.now
        _tell(uow, row.id, *told(row))
        return True

    return each_alone(uow, rows, escalate_one)


def _escalate_cases(uow: UnitOfWork, limit: int) -> int:
    stages = [each for each in OPEN_STAGES if each is not Stage.PANEL]
    wanted = select(ReviewCase).where(
        ReviewCase.stage.in_(stages),
        ReviewCase.due_at <= uow.now,
        ReviewCase.escalated_at.is_(None),
    )
    cases = next_of(uow, wanted.order_by(ReviewCase.id), limit)
    return _each_once(uow, cases, lambda case: (case.stage, case.due_at))


def _escalate_uses(uow: UnitOfWork, limit: int) -> int:
    wanted = select(Scenario).where(
        Scenario.state.in_(USE_STAGES),
        Scenario.due_at <= uow.now,
        Scenario.escalated_at.is_(None),
    )
    uses = next_of(uow, wanted.order_by(Scenario.id), limit)
    return _each_once(uow, uses, lambda use: (USE_STAGES[ScenarioState(use.state)], use.due_at))


def _escalate_applications(uow: UnitOfWork, limit: int) -> int:
    wanted = select(ListingApplication).where(
        ListingApplication.state == ApplicationState.LISTING_REVIEW,
        ListingApplication.due_at <= uow.now,
        ListingApplication.escalated_at.is_(None),
    )
    waiting = next_of(uow, wanted.order_by(ListingApplication.id), limit)
    return _each_once(uow, waiting, lambda each: (each.state, each.due_at))


def overdue_panels(
    uow: UnitOfWork, limit: int, *that: ColumnElement[bool]
) -> Sequence[SittingPanel]:
    """Panels whose time is over and that have not concluded, the first of them, locked."""
    wanted = select(SittingPanel).where(
        SittingPanel.state == PanelState.OPEN, SittingPanel.due_at <= uow.now, *that
    )
    batch = wanted.order_by(SittingPanel.id).limit(limit)
    return uow.session.scalars(batch.with_for_update(skip_locked=True, of=SittingPanel)).all()


def _escalate_panels(uow: UnitOfWork, limit: int) -> int:
    panels = overdue_panels(uow, limit, SittingPanel.escalated_at.is_(None))
    return _each_once(uow, panels, lambda sitting: (sitting.kind, sitting.due_at))


def _escalate_prices(uow: UnitOfWork, limit: int) -> int:
    """Another price without a reason in time is the exchange's to object to."""
    wanted = select(PriceAlarm).where(
        PriceAlarm.state == PriceAlarmState.OPEN,
        PriceAlarm.due_at <= uow.now,
        PriceAlarm.escalated_at.is_(None),
    )
    alarms = next_of(uow, wanted.order_by(PriceAlarm.id), limit)
    return each_alone(uow, alarms, _escalate_price)


def _escalate_price(uow: UnitOfWork, alarm: PriceAlarm) -> bool:
    alarm.escalated_at = uow.now
    begin_decision(uow, alarm, alarm.due_at)
    _tell(uow, alarm.id, PRICE, alarm.due_at)
    return True


def _escalate_price_decisions(uow: UnitOfWork, limit: int) -> int:
    wanted = select(PriceAlarm).where(
        PriceAlarm.state.in_(UNDECIDED),
        PriceAlarm.decision_due_at <= uow.now,
        PriceAlarm.decision_escalated_at.is_(None),
    )
    alarms = next_of(uow, wanted.order_by(PriceAlarm.id), limit)
    return each_alone(uow, alarms, _escalate_price_decision)


def _escalate_price_decision(uow: UnitOfWork, alarm: PriceAlarm) -> bool:
    alarm.decision_escalated_at = uow.now
    _tell(uow, alarm.id, PRICE_DECISION, alarm.decision_due_at)
    return True


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
    lapsed = next_of(uow, wanted.order_by(PlatformStatement.id), limit)
    return _each_once(uow, lapsed, lambda statement: (PLATFORM, statement.valid_until))


def _escalate_suspensions(uow: UnitOfWork, limit: int) -> int:
    """An emergency that nobody ratified stays in force: calls never reopen by themselves."""
    wanted = select(Suspension).where(
        Suspension.ended_at.is_(None),
        Suspension.ratified_by.is_(None),
        Suspension.escalated_at.is_(None),
        Suspension.ratify_until <= uow.now,
    )
    suspensions = next_of(uow, wanted.order_by(Suspension.id), limit)
    return _each_once(uow, suspensions, lambda each: (RATIFICATION, each.ratify_until))
