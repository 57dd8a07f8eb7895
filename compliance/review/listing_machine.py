"""The life of a listing as compliance keeps it: its states, reasons and transitions."""

from enum import StrEnum

from app.core.states import Transitions

MACHINE = "machine"
"""Recorded as the actor where an expiry suspends by itself."""


class ListingState(StrEnum):
    """Whether orders and calls are open."""

    LISTED = "LISTED"
    SUSPENDED = "SUSPENDED"
    DELISTING = "DELISTING"
    DELISTED = "DELISTED"
    REVOKED = "REVOKED"


class SuspensionScope(StrEnum):
    """What a suspension stops; calls that stop take new orders with them."""

    NEW_ORDERS = "NEW_ORDERS"
    ALL_CALLS = "ALL_CALLS"


class SuspensionReason(StrEnum):
    """Why a listing is suspended."""

    EVIDENCE_EXPIRED = "EVIDENCE_EXPIRED"
    RIGHTS_ENDED = "RIGHTS_ENDED"
    VERIFICATION_LAPSED = "VERIFICATION_LAPSED"
    COMPLAINT = "COMPLAINT"
    QUALITY = "QUALITY"
    SECURITY_INCIDENT = "SECURITY_INCIDENT"
    RIGHTS_DISPUTE = "RIGHTS_DISPUTE"
    REGULATOR_ORDER = "REGULATOR_ORDER"


CURED_BY_A_VERSION = (SuspensionReason.EVIDENCE_EXPIRED, SuspensionReason.RIGHTS_ENDED)
"""What a version with other evidence, or on another right, takes away."""


class RevocationReason(StrEnum):
    """Why a listing or a licence is ended for good."""

    UNLAWFUL_SOURCE = "UNLAWFUL_SOURCE"
    FALSE_STATEMENT = "FALSE_STATEMENT"
    REGULATOR_ORDER = "REGULATOR_ORDER"
    RIGHTS_DISPUTE = "RIGHTS_DISPUTE"
    BREACH = "BREACH"
    SECURITY_INCIDENT = "SECURITY_INCIDENT"
    LISTING_REVOKED = "LISTING_REVOKED"
    SCENARIO_WITHDRAWN = "SCENARIO_WITHDRAWN"
    RIGHTS_ENDED = "RIGHTS_ENDED"
    GIVEN_UP = "GIVEN_UP"


LISTING_REVOCATIONS = (
    RevocationReason.UNLAWFUL_SOURCE,
    RevocationReason.FALSE_STATEMENT,
    RevocationReason.REGULATOR_ORDER,
    RevocationReason.RIGHTS_DISPUTE,
    RevocationReason.SECURITY_INCIDENT,
)
LICENCE_REVOCATIONS = (
    RevocationReason.BREACH,
    RevocationReason.UNLAWFUL_SOURCE,
    RevocationReason.REGULATOR_ORDER,
    RevocationReason.RIGHTS_DISPUTE,
    RevocationReason.SECURITY_INCIDENT,
)

SUSPEND, WIDEN, RESUME, RESUME_NOTICE = "suspend", "widen", "resume", "resume the notice"
REVOKE, GIVE_NOTICE, DELIST = "revoke", "give notice", "delist"

TRANSITIONS = Transitions(
    {
        (ListingState.LISTED, SUSPEND): ListingState.SUSPENDED,
        (ListingState.DELISTING, SUSPEND): ListingState.SUSPENDED,
        (ListingState.SUSPENDED, WIDEN): ListingState.SUSPENDED,
        (ListingState.SUSPENDED, RESUME): ListingState.LISTED,
        (ListingState.SUSPENDED, RESUME_NOTICE): ListingState.DELISTING,
        (ListingState.LISTED, GIVE_NOTICE): ListingState.DELISTING,
        (ListingState.SUSPENDED, GIVE_NOTICE): ListingState.SUSPENDED,
        # What was sold runs off first: a listing under notice goes on being watched over.
        (ListingState.DELISTING, DELIST): ListingState.DELISTED,
        (ListingState.SUSPENDED, DELIST): ListingState.DELISTED,
        (ListingState.LISTED, REVOKE): ListingState.REVOKED,
        (ListingState.DELISTING, REVOKE): ListingState.REVOKED,
        (ListingState.SUSPENDED, REVOKE): ListingState.REVOKED,
    }
)
