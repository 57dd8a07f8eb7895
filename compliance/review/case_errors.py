"""Refusals of a case in the hands of its people."""

from app.core.errors import CounterfoilError, ErrorKind


class ReviewCaseNotFound(CounterfoilError):
    """No review case of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "review-case-not-found"
    title = "There is no such review case"

    def __init__(self, case_id: str) -> None:
        super().__init__(f"No review case {case_id}.", case_id=case_id)


class ReviewAlreadyOpen(CounterfoilError):
    """The version is under review with another dossier."""

    kind = ErrorKind.CONFLICT
    slug = "review-already-open"
    title = "The version is already under review"

    def __init__(self, version_id: str, case_id: str) -> None:
        super().__init__(
            f"Version {version_id} is under review in case {case_id}.",
            version_id=version_id,
            case_id=case_id,
        )


class CaseTaken(CounterfoilError):
    """Another reviewer holds the case at this stage."""

    kind = ErrorKind.CONFLICT
    slug = "case-taken"
    title = "Another reviewer has taken the case"

    def __init__(self, case_id: str) -> None:
        super().__init__(f"Case {case_id} is taken at this stage.", case_id=case_id)


class ReviewerConflicted(CounterfoilError):
    """The reviewer declared, or the exchange knows, a conflict; it cannot be overridden."""

    kind = ErrorKind.FORBIDDEN
    slug = "reviewer-conflicted"
    title = "A conflict of interest bars this reviewer from the case"

    def __init__(self, case_id: str, conflicts: list[str]) -> None:
        super().__init__(
            "The case can only be given to somebody else.", case_id=case_id, conflicts=conflicts
        )


class DeclarationIncomplete(CounterfoilError):
    """A question of the conflict declaration was left open."""

    kind = ErrorKind.INVALID
    slug = "declaration-incomplete"
    title = "Every question of the conflict declaration needs an answer"

    def __init__(self, missing: list[str]) -> None:
        super().__init__("Answer yes, no or unknown to every question.", missing=missing)


class SecondReviewerMustDiffer(CounterfoilError):
    """One person cannot be both reviewers of a case."""

    kind = ErrorKind.FORBIDDEN
    slug = "second-reviewer-must-differ"
    title = "The second reviewer must be another person"

    def __init__(self, case_id: str) -> None:
        super().__init__("The first reviewer cannot review it a second time.", case_id=case_id)


class NotTheAssignedReviewer(CounterfoilError):
    """Only the reviewer who took the case at this stage may decide it."""

    kind = ErrorKind.FORBIDDEN
    slug = "not-the-assigned-reviewer"
    title = "The case is not assigned to you"

    def __init__(self, case_id: str) -> None:
        super().__init__("Take the case and declare your conflicts first.", case_id=case_id)


class ItemsUnanswered(CounterfoilError):
    """Items that need a person's judgement have no answer with a reason yet."""

    kind = ErrorKind.INVALID
    slug = "items-unanswered"
    title = "Every item left to judge needs an outcome and a reason"

    def __init__(self, rule_ids: list[str]) -> None:
        super().__init__("Answer these rules before approving.", rule_ids=rule_ids)


class ItemNotOpen(CounterfoilError):
    """An answer was given to a rule that is not left to a person."""

    kind = ErrorKind.INVALID
    slug = "item-not-open"
    title = "The rule is not left to judgement in this case"

    def __init__(self, rule_ids: list[str]) -> None:
        super().__init__("Answer only the rules listed as left to judge.", rule_ids=rule_ids)
