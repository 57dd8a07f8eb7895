"""A listing in force, suspended, resumed, under notice: who may do what, as a pure machine."""

from dataclasses import dataclass, replace

from compliance.errors import SecondPersonNeeded
from compliance.review.errors import AlreadyRatified, LicencesRunOn
from compliance.review.listing_machine import (
    DELIST,
    GIVE_NOTICE,
    MACHINE,
    RESUME,
    RESUME_NOTICE,
    REVOKE,
    SUSPEND,
    TRANSITIONS,
    WIDEN,
    ListingState,
    SuspensionScope,
)


@dataclass(frozen=True)
class Standing:
    """How a listing stands, and who had a hand in its suspension."""

    listing_code: str
    state: ListingState = ListingState.LISTED
    scope: SuspensionScope | None = None
    suspended_by: str | None = None
    ratified_by: str | None = None
    resumption_proposed_by: str | None = None
    is_under_notice: bool = False


def suspend(standing: Standing, actor_id: str, scope: SuspensionScope) -> Standing:
    """Stopped at once, by one person or the machine; raises `IllegalTransition`."""
    state = ListingState(TRANSITIONS.next(standing.state, SUSPEND))
    return replace(
        standing,
        state=state,
        scope=scope,
        suspended_by=actor_id,
        ratified_by=MACHINE if actor_id == MACHINE else None,
        resumption_proposed_by=None,
    )


def widen(standing: Standing) -> Standing:
    """A suspension of new orders stops calls too; what was proposed against it is void."""
    state = ListingState(TRANSITIONS.next(standing.state, WIDEN))
    return replace(
        standing, state=state, scope=SuspensionScope.ALL_CALLS, resumption_proposed_by=None
    )


def ratify(standing: Standing, actor_id: str) -> Standing:
    """A second person stands behind an emergency suspension.

    Raises `IllegalTransition`, `AlreadyRatified`, `SecondPersonNeeded`.
    """
    if standing.state is not ListingState.SUSPENDED:
        TRANSITIONS.next(standing.state, "ratify")
    if standing.ratified_by is not None:
        raise AlreadyRatified(standing.listing_code)
    if actor_id == standing.suspended_by:
        raise SecondPersonNeeded(standing.listing_code)
    return replace(standing, ratified_by=actor_id)


def resume(standing: Standing, actor_id: str) -> Standing:
    """Proposed by one and done by another, neither of whom suspended it.

    Raises `IllegalTransition`, `SecondPersonNeeded`.
    """
    following = _resumed_state(standing)
    proposer = standing.resumption_proposed_by
    if actor_id in {standing.suspended_by, proposer}:
        raise SecondPersonNeeded(standing.listing_code)
    if proposer is None:
        return replace(standing, resumption_proposed_by=actor_id)
    return _free(standing, following)


def lift(standing: Standing) -> Standing:
    """Resumed because an appeal board, several people together, decided so."""
    return _free(standing, _resumed_state(standing))


def cure(standing: Standing, officer_id: str) -> Standing:
    """Resumed by the listing of a version that two others approved and that takes the cause away.

    Raises `IllegalTransition`, `SecondPersonNeeded`.
    """
    following = _resumed_state(standing)
    if officer_id == standing.suspended_by:
        raise SecondPersonNeeded(standing.listing_code)
    return _free(standing, following)


def _resumed_state(standing: Standing) -> ListingState:
    event = RESUME_NOTICE if standing.is_under_notice else RESUME
    return ListingState(TRANSITIONS.next(standing.state, event))


def _free(standing: Standing, state: ListingState) -> Standing:
    return Standing(standing.listing_code, state=state, is_under_notice=standing.is_under_notice)


def give_notice(standing: Standing) -> Standing:
    """The supplier takes it off sale; what was sold runs on. Raises `IllegalTransition`."""
    state = ListingState(TRANSITIONS.next(standing.state, GIVE_NOTICE))
    return replace(standing, state=state, is_under_notice=True)


def delist(standing: Standing, *, has_licences: bool) -> Standing:
    """Off the exchange, once its notice is over and everything sold has run off.

    Raises `IllegalTransition`, `LicencesRunOn`.
    """
    following = ListingState(TRANSITIONS.next(standing.state, DELIST))
    if not standing.is_under_notice:
        TRANSITIONS.next(standing.state, "delist without notice")
    if has_licences:
        raise LicencesRunOn(standing.listing_code)
    return replace(standing, state=following)


def revoke(standing: Standing) -> Standing:
    """Ended for good by a panel; calls stop at once. Raises `IllegalTransition`."""
    return replace(standing, state=ListingState(TRANSITIONS.next(standing.state, REVOKE)))
