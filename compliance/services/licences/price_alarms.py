"""Another price under the same conditions: raised by rule AML-1, explained, decided."""

from datetime import datetime

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from compliance.errors import NotYourDecision, PriceAlarmNotFound
from compliance.models.licences import Licence
from compliance.models.price_alarms import PriceAlarm
from compliance.review.price_alarms import (
    EXPLAIN,
    TRANSITIONS,
    PriceAlarmState,
    PriceDecision,
    decide_working_days,
    explain_working_days,
)
from compliance.review.price_events import PriceAlarmRaised, PriceDecided, PriceExplained
from compliance.rules.evaluation import Evaluation
from compliance.rules.verdicts import Outcome
from compliance.services.policies import policy_in_force
from compliance.services.reasons import seal_reason

PRICE_RULE = "AML-1"


def alarm_of_price(
    uow: UnitOfWork, licence: Licence, evaluation: Evaluation, others: list[str]
) -> None:
    """Ask the supplier for its reason where the rule found other prices; stops nobody."""
    outcomes = {each.rule_id: each.outcome for each in evaluation.outcomes}
    if outcomes.get(PRICE_RULE) in {None, Outcome.PASS, Outcome.NOT_APPLICABLE}:
        return
    alarm = PriceAlarm(
        id=uow.ids.new("pra"),
        licence_id=licence.id,
        listing_code=licence.listing_code,
        supplier_id=licence.supplier_id,
        plan_hash=licence.plan_hash,
        other_plan_hashes=others,
        rule_set_hash=evaluation.rule_set_hash,
        state=PriceAlarmState.OPEN,
        raised_at=uow.now,
        due_at=policy_in_force(uow).after_working_days(uow.now, explain_working_days()),
    )
    uow.session.add(alarm)
    uow.record(
        PriceAlarmRaised(
            occurred_at=uow.now,
            alarm_id=alarm.id,
            licence_id=licence.id,
            listing_code=alarm.listing_code,
            supplier_id=alarm.supplier_id,
            due_at=alarm.due_at,
        )
    )


def _lock(uow: UnitOfWork, alarm_id: str) -> PriceAlarm:
    alarm = uow.session.get(PriceAlarm, alarm_id, with_for_update=True)
    if alarm is None:
        raise PriceAlarmNotFound(alarm_id)
    return alarm


def begin_decision(uow: UnitOfWork, alarm: PriceAlarm, since: datetime) -> None:
    """The exchange's time begins once: a better reason does not make it longer."""
    if alarm.decision_due_at is None:
        policy = policy_in_force(uow)
        alarm.decision_due_at = policy.after_working_days(since, decide_working_days())


def explain_price(
    uow: UnitOfWork, principal: Principal, *, alarm_id: str, ground: str, explanation: str
) -> PriceAlarm:
    """The supplier's reason; until somebody decided, a better one takes its place.

    Raises `PriceAlarmNotFound`, `IllegalTransition`.
    """
    alarm = _lock(uow, alarm_id)
    if alarm.supplier_id != principal.organisation_id:
        raise PriceAlarmNotFound(alarm_id)
    alarm.state = TRANSITIONS.next(alarm.state, EXPLAIN)
    sealed = seal_reason(uow, explanation)
    alarm.ground, alarm.explanation = ground, sealed.text
    alarm.explanation_salt, alarm.explanation_hash = sealed.salt, sealed.hash
    alarm.explained_by, alarm.explained_at = principal.id, uow.now
    begin_decision(uow, alarm, uow.now)
    uow.record(
        PriceExplained(
            occurred_at=uow.now,
            alarm_id=alarm.id,
            listing_code=alarm.listing_code,
            supplier_id=alarm.supplier_id,
            ground=ground,
            reason_hash=sealed.hash,
        )
    )
    return alarm


def decide_price(
    uow: UnitOfWork, principal: Principal, *, alarm_id: str, decision: str, reason: str
) -> PriceAlarm:
    """Accept the supplier's reason, or object; the alarm stays with the supplier either way.

    Raises `PriceAlarmNotFound`, `IllegalTransition`, `NotYourDecision`.
    """
    alarm = _lock(uow, alarm_id)
    if principal.organisation_id == alarm.supplier_id:
        why = "Somebody of neither party decides about a price."
        raise NotYourDecision(why)
    alarm.state = TRANSITIONS.next(alarm.state, PriceDecision(decision))
    sealed = seal_reason(uow, reason)
    alarm.reason, alarm.reason_salt, alarm.reason_hash = sealed.text, sealed.salt, sealed.hash
    alarm.decided_by, alarm.decided_at = principal.id, uow.now
    uow.record(
        PriceDecided(
            occurred_at=uow.now,
            alarm_id=alarm.id,
            listing_code=alarm.listing_code,
            supplier_id=alarm.supplier_id,
            state=alarm.state,
            decided_by=principal.id,
            reason_hash=sealed.hash,
        )
    )
    return alarm
