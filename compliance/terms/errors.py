"""Refusals of a licence, of its terms and of what narrows them."""

from collections.abc import Sequence
from enum import StrEnum

from app.core.errors import CounterfoilError, ErrorKind


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
