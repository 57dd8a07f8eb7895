"""The life of a registration's transfer: proposed, accepted, registered anew."""

from app.core.states import Transitions

PROPOSED = "PROPOSED"
ACCEPTED = "ACCEPTED"
DECLINED = "DECLINED"
WITHDRAWN = "WITHDRAWN"
COMPLETED = "COMPLETED"
STATES = (PROPOSED, ACCEPTED, DECLINED, WITHDRAWN, COMPLETED)
OPEN = (PROPOSED, ACCEPTED)

LIFE_CYCLE = Transitions(
    {
        (PROPOSED, "accept"): ACCEPTED,
        (PROPOSED, "decline"): DECLINED,
        (PROPOSED, "withdraw"): WITHDRAWN,
        # Either side may still step back until the exchange has registered the successor.
        (ACCEPTED, "decline"): DECLINED,
        (ACCEPTED, "withdraw"): WITHDRAWN,
        (ACCEPTED, "complete"): COMPLETED,
    }
)

LEFT_BEHIND = ("upstream", "statements", "contributors", "operator_organisation_id")
"""What the successor cannot take over: systems, signatures and mandates of the former holder."""
