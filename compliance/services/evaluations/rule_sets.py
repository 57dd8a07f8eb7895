"""Rule sets as they were when they first decided something."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.core.canonical import digest_hex
from app.core.unit_of_work import UnitOfWork
from compliance.events import RuleSetChanged
from compliance.models.reviews import HeldRuleSet
from compliance.rules import rule_set
from compliance.rules.errors import RuleSetUnknown


def hold_rule_set(uow: UnitOfWork, rules: rule_set.RuleSet) -> None:
    """Store the rule set beside what it decides, once; that it is new is an event of its own."""
    before = select(HeldRuleSet.hash).order_by(HeldRuleSet.held_at.desc()).limit(1)
    previous = uow.session.scalar(before)
    if previous == rules.hash:
        return
    held = insert(HeldRuleSet).values(
        hash=rules.hash, version=rules.version, document=dict(rules.document), held_at=uow.now
    )
    is_new = uow.session.scalar(held.on_conflict_do_nothing().returning(HeldRuleSet.hash))
    if is_new:
        uow.record(
            RuleSetChanged(
                occurred_at=uow.now,
                rule_set_hash=rules.hash,
                version=rules.version,
                previous_hash=previous,
            )
        )


def held_rule_set(uow: UnitOfWork, rule_set_hash: str) -> rule_set.RuleSet:
    """The rule set of a hash as it was held; raises `RuleSetUnknown`."""
    held = uow.session.get(HeldRuleSet, rule_set_hash)
    if held is None or digest_hex(held.document) != rule_set_hash:
        raise RuleSetUnknown(rule_set_hash)
    return rule_set.RuleSet.read(held.document)
