"""Refusals by rules, of their sets and runs, and of statements on duties."""

from app.core.errors import CounterfoilError, ErrorKind


class RulesBlock(CounterfoilError):
    """A blocking rule fails, by the machine or by the reviewer's own answer."""

    kind = ErrorKind.CONFLICT
    slug = "rules-block"
    title = "A blocking rule stands against approval"

    def __init__(self, rule_ids: list[str]) -> None:
        super().__init__("Decide against it, or have the cause put right first.", rule_ids=rule_ids)


class RuleSetUnknown(CounterfoilError):
    """An evaluation names a rule set that is not held, or one that does not match its hash."""

    kind = ErrorKind.NOT_FOUND
    slug = "rule-set-unknown"
    title = "The rule set of this evaluation is not held"

    def __init__(self, rule_set_hash: str) -> None:
        super().__init__("It cannot be replayed.", rule_set_hash=rule_set_hash)


class EvaluationNotFound(CounterfoilError):
    """No rule evaluation of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "evaluation-not-found"
    title = "There is no such evaluation"

    def __init__(self, evaluation_id: str) -> None:
        super().__init__(f"No evaluation {evaluation_id}.", evaluation_id=evaluation_id)


class DutyNotFound(CounterfoilError):
    """The rule is no duty of the platform that somebody states, or nobody stated it."""

    kind = ErrorKind.NOT_FOUND
    slug = "duty-not-found"
    title = "There is no such duty or statement"

    def __init__(self, name: str) -> None:
        super().__init__(f"No duty or statement {name}.", name=name)


class StatementNotAhead(CounterfoilError):
    """The statement would be over already."""

    kind = ErrorKind.INVALID
    slug = "statement-not-ahead"
    title = "The statement is not valid for any time to come"

    def __init__(self) -> None:
        super().__init__("State until when it holds, in the future.")


class SamePersonStated(CounterfoilError):
    """Whoever stated how a duty is met does not confirm it."""

    kind = ErrorKind.FORBIDDEN
    slug = "same-person-stated"
    title = "A second person confirms a statement"

    def __init__(self, statement_id: str) -> None:
        super().__init__("Whoever stated it cannot confirm it.", statement_id=statement_id)
