"""Routes of the rule sets: which there are, what one says, what changed between two."""

from typing import Any

from app.web.access import public
from compliance.api.blueprint import blueprint
from compliance.review.conflicts import questions
from compliance.rules import rule_set
from compliance.rules.errors import RuleSetUnknown
from compliance.rules.rule_page import changes
from compliance.schemas.reviews import QuestionListSchema, RuleSetSchema
from compliance.schemas.rules import (
    RuleSetChangeQuerySchema,
    RuleSetChangesSchema,
    RuleSetListSchema,
)

WHY = "everybody may know by which rules listings are judged"


@blueprint.route("/rule-sets", methods=["GET"])
@blueprint.response(200, RuleSetListSchema)
@public(WHY)
def get_rule_sets() -> dict[str, Any]:
    """Every published rule set, oldest first; the last is in force."""
    current = rule_set.current().hash
    return {
        "items": [
            {
                "version": each.version,
                "hash": each.hash,
                "document": each.document,
                "is_current": each.hash == current,
            }
            for each in rule_set.published()
        ]
    }


@blueprint.route("/rule-sets/<rule_set_hash>", methods=["GET"])
@blueprint.response(200, RuleSetSchema)
@public(WHY)
def get_rule_set_by_hash(rule_set_hash: str) -> rule_set.RuleSet:
    """The rule set that an evaluation names, whole."""
    return _find(rule_set_hash)


@blueprint.route("/rule-sets/<rule_set_hash>/changes", methods=["GET"])
@blueprint.arguments(RuleSetChangeQuerySchema, location="query")
@blueprint.response(200, RuleSetChangesSchema)
@public(WHY)
def get_rule_set_changes(query: dict[str, Any], rule_set_hash: str) -> dict[str, Any]:
    """What changed since another rule set, rule by rule."""
    before, after = _find(query["since"]), _find(rule_set_hash)
    return {"since": before.hash, "hash": after.hash, "items": changes(before, after)}


@blueprint.route("/conflict-questions", methods=["GET"])
@blueprint.response(200, QuestionListSchema)
@public("everybody may know what those who decide are asked about themselves")
def get_conflict_questions() -> dict[str, Any]:
    """What whoever decides a case, a use, a panel or a listing declares about themselves."""
    return {"items": questions()}


def _find(rule_set_hash: str) -> rule_set.RuleSet:
    for each in rule_set.published():
        if each.hash == rule_set_hash:
            return each
    raise RuleSetUnknown(rule_set_hash)
