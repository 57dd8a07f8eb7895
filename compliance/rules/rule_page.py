"""A rule set as a page for people: every rule in two languages, with its stage and its source."""

from typing import Any

from compliance.rules.rule_set import Rule, RuleSet, Stage

HEAD = """# Rules

Rule set {version} of {published_on}, hash `{hash}`.
This page is written from `compliance/rules/rule_set_{version}.json`; a test keeps them equal.

**BLOCK** stops the case, **REVIEW** asks a reviewer for a reason, **INFO** is kept. **M** the
machine answers, **J** a person answers, **E** documents are asked for. A rule marked ? awaits a
lawyer's confirmation of wording or threshold. Where no evaluation is made, the last column names
the function or class that enforces the rule. What the machine can neither evaluate nor enforce
stands at the end by name: whoever runs the exchange answers for it.
"""
TITLES = {
    Stage.REVIEW: "At the review of a version",
    Stage.LISTING: "When it is listed, with all of the above again",
    Stage.SCENARIO: "When a scenario is decided",
    Stage.LICENCE: "When a licence is issued",
    Stage.CALL: "On every call",
    Stage.PLATFORM: "Of the platform",
}


def render(rule_set: RuleSet) -> str:
    """The page in Markdown."""
    document = dict(rule_set.document)
    head = HEAD.format(
        version=rule_set.version, published_on=document["published_on"], hash=rule_set.hash
    )
    parts = [_stage(title, rule_set, stage) for stage, title in TITLES.items()]
    return "\n".join([head, *parts, _operator_s(rule_set)])


def _operator_s(rule_set: RuleSet) -> str:
    """The rules that nothing here decides."""
    lines = [
        f"- **{rule.id}**: {rule.message} ({'; '.join(rule.law_refs)}; owner: {rule.owner})"
        for rule in rule_set.rules
        if rule.stage in {Stage.CALL, Stage.PLATFORM} and not rule.enforced_by
    ]
    listed = "\n".join(lines) or "- none"
    return f"## Not evaluated by the machine\n\n{listed}\n"


def _stage(title: str, rule_set: RuleSet, stage: Stage) -> str:
    rows = "\n".join(_row(rule) for rule in rule_set.rules if rule.stage is stage)
    return (
        f"## {title}\n\n"
        "| rule | asks | 规则 | kind | severity | source | evidence or enforcement |\n"
        "|---|---|---|---|---|---|---|\n"
        f"{rows}\n"
    )


def _row(rule: Rule) -> str:
    kinds = "".join(kind.value[0] for kind in rule.kinds)
    named = ", ".join([rule.id, *rule.covers]) + ("" if rule.confirmed else " ?")
    proof = ", ".join(f"`{each}`" for each in (rule.evidence_kinds or rule.held_by))
    law = "; ".join(rule.law_refs)
    cells = (named, rule.message, rule.message_zh, kinds, rule.severity.value, law, proof)
    return "| " + " | ".join(cells) + " |"


def changes(before: RuleSet, after: RuleSet) -> list[dict[str, Any]]:
    """What the later set adds, removes and changes, rule by rule, in the order of their ids."""
    old = {each["id"]: each for each in before.document["rules"]}
    new = {each["id"]: each for each in after.document["rules"]}
    return [
        _change(rule_id, old.get(rule_id), new.get(rule_id))
        for rule_id in sorted(old.keys() | new.keys())
        if old.get(rule_id) != new.get(rule_id)
    ]


def _change(
    rule_id: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> dict[str, Any]:
    if before is None or after is None:
        kind = "added" if before is None else "removed"
        return {"rule_id": rule_id, "change": kind, "members": []}
    members = sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
    return {"rule_id": rule_id, "change": "changed", "members": members}
