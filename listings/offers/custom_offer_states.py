"""The life of a custom offer, as one table; that one lapsed is read off the clock."""

from app.core.states import Transitions

PROPOSED = "PROPOSED"
ACCEPTED = "ACCEPTED"
DECLINED = "DECLINED"
WITHDRAWN = "WITHDRAWN"
EXPIRED = "EXPIRED"
"""Never stored: what an offer that is still proposed is called once its time is over."""

LIFE_CYCLE = Transitions(
    {
        (PROPOSED, "accept"): ACCEPTED,
        (PROPOSED, "decline"): DECLINED,
        (PROPOSED, "withdraw"): WITHDRAWN,
    }
)
STATES = (PROPOSED, ACCEPTED, DECLINED, WITHDRAWN, EXPIRED)
