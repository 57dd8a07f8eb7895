"""Stating how a duty of the platform is met, and confirming it: two people, for a limited time."""

from datetime import datetime
from typing import Any

from app.core.clock import iso_instant
from app.core.exchange_calendar import day_of
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.models.platform import PlatformStatement
from compliance.review.platform_events import PlatformDutyConfirmed, PlatformDutyStated
from compliance.rules import rule_set
from compliance.rules.errors import DutyNotFound, RulesBlock, SamePersonStated, StatementNotAhead
from compliance.rules.platform import DutyState, duties, weigh
from compliance.services.evaluations.rule_sets import hold_rule_set


def state_duty(
    uow: UnitOfWork,
    principal: Principal,
    *,
    rule_id: str,
    facts: dict[str, Any],
    statement: str,
    document_hash: str,
    valid_until: datetime,
) -> PlatformStatement:
    """How the duty is met, weighed by its rule; it counts once somebody else confirmed it.

    Raises `DutyNotFound`, `StatementNotAhead`.
    """
    rules = rule_set.current()
    if rule_id not in {each.id for each in duties(rules, day_of(uow.now))}:
        raise DutyNotFound(rule_id)
    if valid_until <= uow.now:
        raise StatementNotAhead
    hold_rule_set(uow, rules)
    evaluation = weigh(rules, facts, at=iso_instant(uow.now))
    (outcome,) = (each for each in evaluation.outcomes if each.rule_id == rule_id)
    made = PlatformStatement(
        id=uow.ids.new("pst"),
        rule_id=rule_id,
        rule_set_hash=rules.hash,
        facts=facts,
        input_hash=evaluation.input_hash,
        outcome=outcome.outcome,
        decided_by=outcome.document()["decided_by"],
        statement=statement,
        document_hash=document_hash,
        valid_until=valid_until,
        stated_by=principal.id,
        stated_at=uow.now,
    )
    uow.session.add(made)
    _tell_stated(uow, made)
    return made


def _tell_stated(uow: UnitOfWork, made: PlatformStatement) -> None:
    uow.record(
        PlatformDutyStated(
            occurred_at=uow.now,
            statement_id=made.id,
            rule_id=made.rule_id,
            outcome=made.outcome,
            document_hash=made.document_hash,
            valid_until=made.valid_until,
        )
    )


def confirm_duty(uow: UnitOfWork, principal: Principal, *, statement_id: str) -> PlatformStatement:
    """A second person's word; a statement that its rule refuses cannot be confirmed.

    Raises `DutyNotFound`, `SamePersonStated`, `RulesBlock`, `StatementNotAhead`. Once more by the
    same person changes nothing.
    """
    made = uow.session.get(PlatformStatement, statement_id, with_for_update=True)
    if made is None:
        raise DutyNotFound(statement_id)
    if made.confirmed_by is not None:
        return made
    if made.stated_by == principal.id:
        raise SamePersonStated(statement_id)
    state = made.state_at(uow.now)
    if state is DutyState.FAILED:
        raise RulesBlock([made.rule_id])
    if state is DutyState.LAPSED:
        raise StatementNotAhead
    made.confirmed_by, made.confirmed_at = principal.id, uow.now
    uow.record(
        PlatformDutyConfirmed(
            occurred_at=uow.now,
            statement_id=made.id,
            rule_id=made.rule_id,
            confirmed_by=principal.id,
        )
    )
    return made
