"""Why nobody is let in, in words that tell a stranger nothing."""

from app.core.errors import CounterfoilError, ErrorKind


class SignInRefused(CounterfoilError):
    """E-mail address and password do not belong together; which of them is wrong stays unsaid."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "sign-in-refused"
    title = "E-mail address or password is wrong"

    def __init__(self) -> None:
        super().__init__("Check both and try again.")


class SignInThrottled(CounterfoilError):
    """The address failed too often, whether anybody has it or not."""

    kind = ErrorKind.RATE_LIMITED
    slug = "sign-in-throttled"
    title = "Too many attempts to sign in"

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__(
            "Sign-in with this address is locked for a while after failures.",
            retry_after_seconds=retry_after_seconds,
        )


class OneTimeCodeNeeded(CounterfoilError):
    """The password is right; the second factor is missing."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "one-time-code-needed"
    title = "A one-time code is needed"

    def __init__(self) -> None:
        super().__init__("Send one_time_code with the code of your authenticator.")


class OneTimeCodeRefused(CounterfoilError):
    """The code is wrong, too old, or was used before."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "one-time-code-refused"
    title = "The one-time code is wrong or was used"

    def __init__(self) -> None:
        super().__init__("Wait for the next code of your authenticator and try again.")


class ConfirmationRefused(CounterfoilError):
    """The code does not belong to the secret that waits for confirmation."""

    kind = ErrorKind.INVALID
    slug = "confirmation-refused"
    title = "The code does not confirm the second factor"

    def __init__(self) -> None:
        super().__init__("Send the present code of the secret that the enrolment showed.")


class NoEnrolmentPending(CounterfoilError):
    """There is no second factor that waits for confirmation."""

    kind = ErrorKind.CONFLICT
    slug = "no-enrolment-pending"
    title = "No second factor waits for confirmation"

    def __init__(self) -> None:
        super().__init__("Enrol a second factor first.")


class SecondFactorHeld(CounterfoilError):
    """A confirmed second factor is replaced only by somebody who signed in with it."""

    kind = ErrorKind.FORBIDDEN
    slug = "second-factor-held"
    title = "Sign in with the present second factor first"

    def __init__(self) -> None:
        super().__init__("A session without the second factor cannot replace it.")


class AccessTokenRefused(CounterfoilError):
    """The bearer token is malformed, forged, expired, or made for somebody else."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "access-token-refused"
    title = "The access token is not accepted"

    def __init__(self) -> None:
        super().__init__("Sign in or refresh the session, and send the new access token.")


class SessionOver(CounterfoilError):
    """The session, the person or the roles behind the token are gone."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "session-over"
    title = "The session is over"

    def __init__(self) -> None:
        super().__init__("The session ended or its rights changed; sign in or refresh it.")


class RefreshTokenRefused(CounterfoilError):
    """The refresh token is unknown, expired, ended or was used before."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "refresh-token-refused"
    title = "The refresh token is not accepted"

    def __init__(self) -> None:
        super().__init__("Sign in again.")


class PasswordRefused(CounterfoilError):
    """The present password is needed to change it, and this is not it."""

    kind = ErrorKind.FORBIDDEN
    slug = "password-refused"
    title = "The present password is wrong"

    def __init__(self) -> None:
        super().__init__("Nothing was changed.")


class CollectorKeyRefused(CounterfoilError):
    """The key of a collecting system is unknown, expired or revoked; which of them stays unsaid."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "collector-key-refused"
    title = "The collecting system's key is not accepted"

    def __init__(self) -> None:
        super().__init__("It is unknown, expired or revoked: have a new one issued.")
