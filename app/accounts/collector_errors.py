"""Why a key of a collecting system is not issued, rotated or found."""

from app.core.errors import CounterfoilError, ErrorKind


class CollectorNeedsSupplier(CounterfoilError):
    """Only a supplier has products whose consents a system could collect."""

    kind = ErrorKind.FORBIDDEN
    slug = "collector-needs-supplier"
    title = "Only a supplier's systems collect consents"

    def __init__(self) -> None:
        super().__init__("Your organisation offers no products, so it has no consents to record.")


class CollectorKeyTermRefused(CounterfoilError):
    """The key's expiry is past, or further away than a year."""

    kind = ErrorKind.INVALID
    slug = "collector-key-term-refused"
    title = "A collecting system's key has to expire within a year"

    def __init__(self, *, latest: str) -> None:
        super().__init__(
            f"It expires after now and at {latest} at the latest.",
            errors=[{"pointer": "#/expires_at", "detail": f"After now, at most {latest}."}],
        )


class CollectorKeyLimitReached(CounterfoilError):
    """The organisation already has as many usable keys as it may."""

    kind = ErrorKind.CONFLICT
    slug = "collector-key-limit-reached"
    title = "Your organisation has no room for another collecting system's key"

    def __init__(self, limit: int) -> None:
        super().__init__(f"An organisation has at most {limit} usable keys.", limit=limit)


class CollectorKeyNotFound(CounterfoilError):
    """There is no such key for this principal."""

    kind = ErrorKind.NOT_FOUND
    slug = "collector-key-not-found"
    title = "There is no such key of a collecting system"

    def __init__(self, key_id: str) -> None:
        super().__init__("No collector key of your organisation has this id.", key_id=key_id)


class CollectorKeyNotLive(CounterfoilError):
    """The key is revoked, expired or was rotated before."""

    kind = ErrorKind.CONFLICT
    slug = "collector-key-not-live"
    title = "This collecting system's key is no longer the live one"

    def __init__(self, key_id: str, *, state: str) -> None:
        super().__init__(f"The key is {state}.", key_id=key_id, state=state)
