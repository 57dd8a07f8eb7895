"""Why the consent register refuses; each class states one fact."""

from app.core.errors import CounterfoilError, ErrorKind


class ConsentRegisterNotFound(CounterfoilError):
    """No product of this id is the caller's own."""

    kind = ErrorKind.NOT_FOUND
    slug = "consent-register-not-found"
    title = "There is no such consent register"

    def __init__(self, product_id: str) -> None:
        super().__init__(f"No product {product_id} of yours.", product_id=product_id)


class ConsentRegisterOpen(CounterfoilError):
    """The register was opened before; its pseudonym key was shown then."""

    kind = ErrorKind.CONFLICT
    slug = "consent-register-open"
    title = "The consent register is open already"

    def __init__(self, product_id: str) -> None:
        super().__init__(
            "Its pseudonym key was shown when it was opened, and never changes.",
            product_id=product_id,
        )


class ConsentRegisterInUse(CounterfoilError):
    """The product's register was opened: answers may have been collected under its key."""

    kind = ErrorKind.CONFLICT
    slug = "consent-register-in-use"
    title = "The product's consent register is in use"

    def __init__(self, product_id: str) -> None:
        super().__init__(
            "Its pseudonym key was given out, and what people answered under it stays.",
            product_id=product_id,
        )


class ConsentRegisterClosed(CounterfoilError):
    """Consents need a pseudonym key first, and a listing code unless they are tests."""

    kind = ErrorKind.CONFLICT
    slug = "consent-register-closed"
    title = "The consent register takes no consents yet"

    def __init__(self, product_id: str, missing: str) -> None:
        super().__init__(f"The register lacks its {missing}.", product_id=product_id)


class ConsentRecipientUnknown(CounterfoilError):
    """A consent names its recipient, and this is not a verified buyer."""

    kind = ErrorKind.INVALID
    slug = "consent-recipient-unknown"
    title = "The recipient is not a verified buyer"

    def __init__(self, recipient_id: str) -> None:
        super().__init__(
            "A consent names one verified buyer as its recipient.",
            errors=[{"pointer": "#/recipient_id", "detail": "This is no verified buyer."}],
            recipient_id=recipient_id,
        )


class ConsentTermRefused(CounterfoilError):
    """A consent ends in the future, and within the longest term there is."""

    kind = ErrorKind.INVALID
    slug = "consent-term-refused"
    title = "A consent needs an end that is not too far away"

    def __init__(self, latest: str) -> None:
        super().__init__(
            f"It ends after now and at {latest} at the latest.",
            errors=[{"pointer": "#/expires_at", "detail": f"After now, at most {latest}."}],
        )


class ConsentFileUnreadable(CounterfoilError):
    """The file as a whole is no table of consents."""

    kind = ErrorKind.INVALID
    slug = "consent-file-unreadable"
    title = "The file of consents cannot be read"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


class ConsentFileInvalid(CounterfoilError):
    """Rows of a file of consents are wrong; nothing of it was recorded."""

    kind = ErrorKind.INVALID
    slug = "consent-file-invalid"
    title = "Rows of the file of consents are wrong"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(
            f"{len(errors)} fault(s), by line and column; nothing was recorded.", errors=errors
        )


class ConsentNotFound(CounterfoilError):
    """No consent of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "consent-not-found"
    title = "There is no such consent"

    def __init__(self, consent_id: str) -> None:
        super().__init__(f"No consent {consent_id}.", consent_id=consent_id)


class ConsentHasNoToken(CounterfoilError):
    """A denied, withdrawn or expired consent carries no call, so no token is shown for it."""

    kind = ErrorKind.CONFLICT
    slug = "consent-has-no-token"
    title = "There is no token for this consent"

    def __init__(self, consent_id: str, state: str) -> None:
        super().__init__(f"The consent is {state}.", consent_id=consent_id, state=state)


class ConsentNotBatched(CounterfoilError):
    """The consent has no token, or waits for the next batch of the log."""

    kind = ErrorKind.NOT_FOUND
    slug = "consent-not-batched"
    title = "The consent is not in the log yet"

    def __init__(self, consent_id: str) -> None:
        super().__init__(
            "Granted consents enter the log within seconds; denials are only counted there.",
            retry_after_seconds=5,
            consent_id=consent_id,
        )
