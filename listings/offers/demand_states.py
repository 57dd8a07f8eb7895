"""The life of a demand, as one table; that it ran out is read off the clock."""

from app.core.states import Transitions

OPEN = "OPEN"
CLOSED = "CLOSED"
EXPIRED = "EXPIRED"
"""Never stored: what a demand that nobody closed is called once it takes no more offers."""

LIFE_CYCLE = Transitions({(OPEN, "close"): CLOSED})
STATES = (OPEN, CLOSED, EXPIRED)

NEWEST, CLOSING = "newest", "closing"
SORTS = (NEWEST, CLOSING)
"""In which order demands are listed."""
