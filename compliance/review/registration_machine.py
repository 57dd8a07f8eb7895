"""A registration's and a listing application's lives: two records, two people's decisions."""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.states import Transitions
from compliance.review.case_errors import ReviewerConflicted
from compliance.review.errors import ListingOfficerMustDiffer
from compliance.rules.errors import RulesBlock


class RegistrationState(StrEnum):
    """What the exchange holds of a product's rights, apart from whether it is offered."""

    REGISTERED = "REGISTERED"
    OBJECTION = "OBJECTION"
    REGISTERED_FINAL = "REGISTERED_FINAL"
    CANCELLED = "CANCELLED"
    TRANSFERRED = "TRANSFERRED"


PUBLICITY_OVER, OBJECT, UPHOLD, DISMISS = "publicity over", "object", "uphold", "dismiss"
END, WITHDRAW, TRANSFER = "end", "withdraw", "transfer"

REGISTRATION = Transitions(
    {
        (RegistrationState.REGISTERED, PUBLICITY_OVER): RegistrationState.REGISTERED_FINAL,
        (RegistrationState.REGISTERED, OBJECT): RegistrationState.OBJECTION,
        (RegistrationState.OBJECTION, OBJECT): RegistrationState.OBJECTION,
        (RegistrationState.OBJECTION, DISMISS): RegistrationState.REGISTERED,
        (RegistrationState.OBJECTION, UPHOLD): RegistrationState.CANCELLED,
        # The registry vouches for it no more: given up by its holder, or revoked.
        (RegistrationState.REGISTERED, END): RegistrationState.CANCELLED,
        (RegistrationState.OBJECTION, END): RegistrationState.CANCELLED,
        (RegistrationState.REGISTERED_FINAL, END): RegistrationState.CANCELLED,
        # Another supplier is registered for the same data.
        (RegistrationState.REGISTERED_FINAL, TRANSFER): RegistrationState.TRANSFERRED,
        (RegistrationState.TRANSFERRED, END): RegistrationState.CANCELLED,
    }
)


class ObjectionState(StrEnum):
    """Whether an objection waits, and what it came to."""

    RAISED = "RAISED"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


OBJECTION = Transitions(
    {
        (ObjectionState.RAISED, UPHOLD): ObjectionState.UPHELD,
        (ObjectionState.RAISED, DISMISS): ObjectionState.DISMISSED,
    }
)


class ApplicationState(StrEnum):
    """A registered product's way into the catalogue."""

    LISTING_REVIEW = "LISTING_REVIEW"
    LISTED = "LISTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class ListingDecision(StrEnum):
    """What a listing officer decides."""

    APPROVE = "approve"
    REFUSE = "refuse"


APPLICATION = Transitions(
    {
        (ApplicationState.LISTING_REVIEW, ListingDecision.APPROVE): ApplicationState.LISTED,
        (ApplicationState.LISTING_REVIEW, ListingDecision.REFUSE): ApplicationState.REFUSED,
        (ApplicationState.LISTING_REVIEW, WITHDRAW): ApplicationState.WITHDRAWN,
    }
)


@dataclass(frozen=True)
class Application:
    """An application as far as its decision goes; ``excluded`` approved the registration."""

    id: str
    excluded: frozenset[str]
    state: ApplicationState = ApplicationState.LISTING_REVIEW
    officer_id: str | None = None


def decide_listing(
    application: Application,
    officer_id: str,
    decision: ListingDecision,
    *,
    conflicts: tuple[str, ...] = (),
    blocking: tuple[str, ...] = (),
) -> Application:
    """The application after the decision of a third person.

    ``blocking`` rules, run on the day itself, stop an approval. Raises `IllegalTransition`,
    `ListingOfficerMustDiffer`, `ReviewerConflicted`, `RulesBlock`.
    """
    following = ApplicationState(APPLICATION.next(application.state, decision))
    if officer_id in application.excluded:
        raise ListingOfficerMustDiffer(application.id)
    if conflicts:
        raise ReviewerConflicted(application.id, list(conflicts))
    if decision is ListingDecision.APPROVE and blocking:
        raise RulesBlock(list(blocking))
    return replace(application, state=following, officer_id=officer_id)
