"""The life of a version and of the listing that shows it, as one table."""

from app.core.states import Transitions

DRAFT = "DRAFT"
SUBMITTED = "SUBMITTED"
RETURNED = "RETURNED"
REJECTED = "REJECTED"
LISTED = "LISTED"
SUSPENDED = "SUSPENDED"
REVOKED = "REVOKED"
DELISTED = "DELISTED"
SUPERSEDED = "SUPERSEDED"

LIFE_CYCLE = Transitions(
    {
        (DRAFT, "submit"): SUBMITTED,
        (SUBMITTED, "return"): RETURNED,
        (RETURNED, "edit"): DRAFT,
        (DRAFT, "edit"): DRAFT,
        (SUBMITTED, "reject"): REJECTED,
        (REJECTED, "reopen"): SUBMITTED,
        # Whoever does not supplement in time has missed it, edited meanwhile or not.
        (RETURNED, "reject"): REJECTED,
        (DRAFT, "reject"): REJECTED,
        (SUBMITTED, "publish"): LISTED,
        (LISTED, "suspend"): SUSPENDED,
        (SUSPENDED, "resume"): LISTED,
        (LISTED, "delist"): DELISTED,
        (SUSPENDED, "delist"): DELISTED,
        (LISTED, "revoke"): REVOKED,
        (SUSPENDED, "revoke"): REVOKED,
        # Only a listing on sale can be replaced: a new version must not undo a suspension.
        (LISTED, "supersede"): SUPERSEDED,
    }
)

STATES = (
    DRAFT,
    SUBMITTED,
    RETURNED,
    REJECTED,
    LISTED,
    SUSPENDED,
    REVOKED,
    DELISTED,
    SUPERSEDED,
)
OPEN = frozenset({DRAFT, SUBMITTED, RETURNED})
"""A product has at most one version that is still on its way."""
EDITABLE = frozenset({DRAFT, RETURNED})
CATALOGUE = frozenset({LISTED, SUSPENDED, REVOKED, DELISTED})
"""States that a listing can have; a version has all."""
FINAL = frozenset({REVOKED, DELISTED, SUPERSEDED})
"""What nothing follows; a rejection is none, since an appeal against it may be upheld."""
