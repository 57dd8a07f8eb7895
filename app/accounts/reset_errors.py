"""Refusals around the way back in, each named as the fact it states."""

from app.core.errors import CounterfoilError, ErrorKind


class OwnAccess(CounterfoilError):
    """Somebody tried to reset, or to approve, their own access."""

    kind = ErrorKind.FORBIDDEN
    slug = "own-access"
    title = "Nobody resets their own access"

    def __init__(self) -> None:
        super().__init__("Another owner or operator has to do this; change your password instead.")


class ResetNeedsSecondPerson(CounterfoilError):
    """The one who asked for a reset cannot approve it."""

    kind = ErrorKind.FORBIDDEN
    slug = "reset-needs-second-person"
    title = "A second operator has to approve the reset"

    def __init__(self, reset_id: str) -> None:
        super().__init__("You asked for it yourself.", reset_id=reset_id)


class ColleagueCanReset(CounterfoilError):
    """The organisation has an owner who can do it, so the exchange does not."""

    kind = ErrorKind.CONFLICT
    slug = "colleague-can-reset"
    title = "An owner of the organisation can do this"

    def __init__(self, person_id: str) -> None:
        super().__init__(
            "The exchange resets the access of its own people and of an organisation's last owner.",
            person_id=person_id,
        )


class AccessResetNotFound(CounterfoilError):
    """There is no such reset."""

    kind = ErrorKind.NOT_FOUND
    slug = "access-reset-not-found"
    title = "There is no such reset"

    def __init__(self, reset_id: str) -> None:
        super().__init__("No reset has this id.", reset_id=reset_id)


class AccessResetDecided(CounterfoilError):
    """The reset is no proposal any more."""

    kind = ErrorKind.CONFLICT
    slug = "access-reset-decided"
    title = "The reset waits for nobody"

    def __init__(self, reset_id: str, state: str) -> None:
        super().__init__("Ask for another one.", reset_id=reset_id, state=state)


class ResetTokenRefused(CounterfoilError):
    """The token is unknown, expired, replaced or used; which of them stays unsaid."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "reset-token-refused"
    title = "The reset token is not accepted"

    def __init__(self) -> None:
        super().__init__("It is unknown, expired, replaced or used: have the access reset again.")
