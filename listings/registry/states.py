"""The life of a registry entry, apart from that of the listing (COMPLIANCE 0, fact 3)."""

from datetime import date

from app.core.states import Transitions

REGISTERED = "REGISTERED"
FINAL = "FINAL"
SUPERSEDED = "SUPERSEDED"
CANCELLED = "CANCELLED"
EXPIRED = "EXPIRED"
"""Read off the calendar, never stored, so that no timed step decides when a right ends."""

LIFE_CYCLE = Transitions(
    {
        (REGISTERED, "finish publicity"): FINAL,
        (FINAL, "supersede"): SUPERSEDED,
        (REGISTERED, "cancel"): CANCELLED,
        (FINAL, "cancel"): CANCELLED,
        (SUPERSEDED, "cancel"): CANCELLED,
    }
)
LAPSED = frozenset({CANCELLED, EXPIRED})
"""States in which the registry vouches for nothing any more."""


def state_on(stored: str, *, valid_to: date | None, today: date) -> str:
    """The state on a day; the last day of validity is still in force."""
    if stored != CANCELLED and valid_to is not None and today > valid_to:
        return EXPIRED
    return stored
