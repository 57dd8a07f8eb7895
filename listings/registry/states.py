"""The life of a registry entry, apart from that of the listing (COMPLIANCE 0, fact 3)."""

from datetime import date

from app.core.states import Transitions

REGISTERED = "REGISTERED"
FINAL = "FINAL"
SUPERSEDED = "SUPERSEDED"
CANCELLED = "CANCELLED"
TRANSFERRED = "TRANSFERRED"
"""Another supplier is registered for the same data: the registry vouches for it under that id."""
EXPIRED = "EXPIRED"
"""Read off the calendar, never stored, so that no timed step decides when a right ends."""

LIFE_CYCLE = Transitions(
    {
        (REGISTERED, "finish publicity"): FINAL,
        (FINAL, "supersede"): SUPERSEDED,
        (REGISTERED, "cancel"): CANCELLED,
        (FINAL, "cancel"): CANCELLED,
        (SUPERSEDED, "cancel"): CANCELLED,
        (FINAL, "transfer"): TRANSFERRED,
        # A source that turns out to be unlawful was so before it changed hands.
        (TRANSFERRED, "cancel"): CANCELLED,
    }
)
LAPSED = frozenset({CANCELLED, EXPIRED})
"""States in which the registry vouches for nothing any more."""
ENDED = frozenset({CANCELLED, TRANSFERRED})
"""States that no calendar changes."""


def state_on(stored: str, *, valid_to: date | None, today: date) -> str:
    """The state on a day; the last day of validity is still in force."""
    if stored not in ENDED and valid_to is not None and today > valid_to:
        return EXPIRED
    return stored
