"""The person behind a request whose route is for people only."""

from app.accounts.authentication import SignedInPerson
from app.web.access import NotSignedIn
from app.web.context import current_principal


def current_person() -> SignedInPerson:
    """The principal with their session; raises `NotSignedIn` for a machine."""
    principal = current_principal()
    if not isinstance(principal, SignedInPerson):
        raise NotSignedIn
    return principal
