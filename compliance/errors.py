"""Why compliance refuses; each class states one fact."""

from collections.abc import Sequence
from enum import StrEnum

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


class DossierHashMismatch(CounterfoilError):
    """The dossier does not have the hash that it was handed in or examined under."""

    kind = ErrorKind.CONFLICT
    slug = "dossier-hash-mismatch"
    title = "The dossier is not the one that was examined"

    def __init__(self, version_id: str) -> None:
        super().__init__(
            f"The dossier of version {version_id} does not match its hash.", version_id=version_id
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


class ListingNeverPublished(CounterfoilError):
    """No listing of this code was ever published."""

    kind = ErrorKind.NOT_FOUND
    slug = "listing-never-published"
    title = "There is no such listing"

    def __init__(self, listing_code: str) -> None:
        super().__init__(f"No listing {listing_code}.", listing_code=listing_code)


class ListingNotInForce(CounterfoilError):
    """The listing is suspended, delisted or revoked."""

    kind = ErrorKind.CONFLICT
    slug = "listing-not-in-force"
    title = "The listing is not open"

    def __init__(self, listing_code: str, state: str) -> None:
        super().__init__(
            f"Listing {listing_code} is {state}.", listing_code=listing_code, state=state
        )


class SecondPersonNeeded(CounterfoilError):
    """Resuming or revoking a listing needs somebody other than the one who suspended it."""

    kind = ErrorKind.FORBIDDEN
    slug = "second-person-needed"
    title = "A second person has to do this"

    def __init__(self, listing_code: str) -> None:
        super().__init__("Whoever suspended it cannot do this.", listing_code=listing_code)


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


class CauseNotClosed(CounterfoilError):
    """What suspended the listing still holds."""

    kind = ErrorKind.CONFLICT
    slug = "cause-not-closed"
    title = "The cause of the suspension still holds"

    def __init__(self, listing_code: str, causes: list[str]) -> None:
        super().__init__(
            "The listing cannot be resumed before it is cured.",
            listing_code=listing_code,
            causes=causes,
        )


class ScenarioNotFound(CounterfoilError):
    """No scenario of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "scenario-not-found"
    title = "There is no such scenario"

    def __init__(self, scenario_id: str) -> None:
        super().__init__(f"No scenario {scenario_id}.", scenario_id=scenario_id)


class ScenarioOutsideListing(CounterfoilError):
    """The scenario asks for more than the listing offers, or widens what was asked."""

    kind = ErrorKind.INVALID
    slug = "scenario-outside-listing"
    title = "The scenario goes beyond what may be granted"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("See errors for each term.", errors=errors)


class ScenarioTemplateNotFound(CounterfoilError):
    """No template of a declared use has this id."""

    kind = ErrorKind.NOT_FOUND
    slug = "scenario-template-not-found"
    title = "There is no such template"

    def __init__(self, template_id: str) -> None:
        super().__init__(f"No scenario template {template_id}.", template_id=template_id)


class ScenarioForOwnListing(CounterfoilError):
    """A supplier asks to use its own listing."""

    kind = ErrorKind.CONFLICT
    slug = "scenario-for-own-listing"
    title = "The listing is your own"

    def __init__(self, listing_code: str) -> None:
        super().__init__("A scenario needs two parties.", listing_code=listing_code)


class LicenceNotFound(CounterfoilError):
    """No licence of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "licence-not-found"
    title = "There is no such licence"

    def __init__(self, licence_id: str) -> None:
        super().__init__(f"No licence {licence_id}.", licence_id=licence_id)


class Obstacle(StrEnum):
    """What stands between an order and its licence."""

    PARTY_NOT_VERIFIED = "party-not-verified"
    SCENARIO_NOT_ACTIVE = "scenario-not-active"
    LISTING_NOT_OPEN = "listing-not-open"
    VERSION_NOT_APPROVED = "version-not-approved"
    TERMS_EMPTY = "terms-empty"
    TERMS_UNREADABLE = "terms-unreadable"


class LicenceCannotBeIssued(CounterfoilError):
    """The order does not meet what a licence needs: no trade without a scenario."""

    kind = ErrorKind.CONFLICT
    slug = "licence-cannot-be-issued"
    title = "No licence can be issued"

    def __init__(self, obstacle: Obstacle, *, empty: Sequence[str] = ()) -> None:
        super().__init__(
            f"No licence can be issued: {obstacle.value}.",
            obstacle=obstacle.value,
            empty=list(empty),
        )


class PriceAlarmNotFound(CounterfoilError):
    """No alarm of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "price-alarm-not-found"
    title = "There is no such price alarm"

    def __init__(self, alarm_id: str) -> None:
        super().__init__(f"No price alarm {alarm_id}.", alarm_id=alarm_id)


class NotYourDecision(CounterfoilError):
    """The caller belongs to one of the parties, or to neither where a party has to act."""

    kind = ErrorKind.FORBIDDEN
    slug = "not-your-decision"
    title = "You cannot decide this"

    def __init__(self, why: str) -> None:
        super().__init__(why)


class UpstreamProbeUnavailable(CounterfoilError):
    """No probe of upstreams is fitted, so a reviewer has to judge the upstream by other means."""

    kind = ErrorKind.UNAVAILABLE
    slug = "upstream-probe-unavailable"
    title = "The upstream cannot be probed here"

    def __init__(self) -> None:
        super().__init__("Answer the rule by hand with a reason.")


class EvaluationNotFound(CounterfoilError):
    """No rule evaluation of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "evaluation-not-found"
    title = "There is no such evaluation"

    def __init__(self, evaluation_id: str) -> None:
        super().__init__(f"No evaluation {evaluation_id}.", evaluation_id=evaluation_id)


class ChainLinkNotFound(CounterfoilError):
    """The listed version's chain of rights has no link at that place."""

    kind = ErrorKind.NOT_FOUND
    slug = "chain-link-not-found"
    title = "The chain of rights has no such link"

    def __init__(self, listing_code: str, link: int) -> None:
        super().__init__(
            f"Listing {listing_code} has no link {link}; the first is 0.",
            listing_code=listing_code,
            link=link,
        )


class NothingNarrowed(CounterfoilError):
    """The terms that were sent take nothing away."""

    kind = ErrorKind.INVALID
    slug = "nothing-narrowed"
    title = "These terms take nothing away"

    def __init__(self) -> None:
        super().__init__(
            "What is permitted now is within them already.",
            errors=[{"pointer": "#/narrowed", "detail": "This takes nothing away."}],
        )
