"""Why compliance refuses; each class states one fact."""

from app.core.errors import CounterfoilError, ErrorKind


class DossierHashMismatch(CounterfoilError):
    """The dossier does not have the hash that it was handed in or examined under."""

    kind = ErrorKind.CONFLICT
    slug = "dossier-hash-mismatch"
    title = "The dossier is not the one that was examined"

    def __init__(self, version_id: str) -> None:
        super().__init__(
            f"The dossier of version {version_id} does not match its hash.", version_id=version_id
        )


class ListingNeverPublished(CounterfoilError):
    """No listing of this code was ever published."""

    kind = ErrorKind.NOT_FOUND
    slug = "listing-never-published"
    title = "There is no such listing"

    def __init__(self, listing_code: str) -> None:
        super().__init__(f"No listing {listing_code}.", listing_code=listing_code)


class ListingNotInForce(CounterfoilError):
    """The listing is suspended, delisted or revoked."""

    kind = ErrorKind.CONFLICT
    slug = "listing-not-in-force"
    title = "The listing is not open"

    def __init__(self, listing_code: str, state: str) -> None:
        super().__init__(
            f"Listing {listing_code} is {state}.", listing_code=listing_code, state=state
        )


class LicenceDocumentNotFound(CounterfoilError):
    """The licence shows its parties no such document, or its supplier has not sent it."""

    kind = ErrorKind.NOT_FOUND
    slug = "licence-document-not-found"
    title = "The licence has no such document to show"

    def __init__(self, licence_id: str, document_hash: str) -> None:
        super().__init__(
            "It is not shown to the licence's parties, or was not sent to the exchange.",
            licence_id=licence_id,
            document_hash=document_hash,
        )


class SecondPersonNeeded(CounterfoilError):
    """Resuming or revoking a listing needs somebody other than the one who suspended it."""

    kind = ErrorKind.FORBIDDEN
    slug = "second-person-needed"
    title = "A second person has to do this"

    def __init__(self, listing_code: str) -> None:
        super().__init__("Whoever suspended it cannot do this.", listing_code=listing_code)


class CauseNotClosed(CounterfoilError):
    """What suspended the listing still holds."""

    kind = ErrorKind.CONFLICT
    slug = "cause-not-closed"
    title = "The cause of the suspension still holds"

    def __init__(self, listing_code: str, causes: list[str]) -> None:
        super().__init__(
            "The listing cannot be resumed before it is cured.",
            listing_code=listing_code,
            causes=causes,
        )


class LicenceNotFound(CounterfoilError):
    """No licence of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "licence-not-found"
    title = "There is no such licence"

    def __init__(self, licence_id: str) -> None:
        super().__init__(f"No licence {licence_id}.", licence_id=licence_id)


class PriceAlarmNotFound(CounterfoilError):
    """No alarm of this id is within the caller's reach."""

    kind = ErrorKind.NOT_FOUND
    slug = "price-alarm-not-found"
    title = "There is no such price alarm"

    def __init__(self, alarm_id: str) -> None:
        super().__init__(f"No price alarm {alarm_id}.", alarm_id=alarm_id)


class NotYourDecision(CounterfoilError):
    """The caller belongs to one of the parties, or to neither where a party has to act."""

    kind = ErrorKind.FORBIDDEN
    slug = "not-your-decision"
    title = "You cannot decide this"

    def __init__(self, why: str) -> None:
        super().__init__(why)


class UpstreamProbeUnavailable(CounterfoilError):
    """No probe of upstreams is fitted, so a reviewer has to judge the upstream by other means."""

    kind = ErrorKind.UNAVAILABLE
    slug = "upstream-probe-unavailable"
    title = "The upstream cannot be probed here"

    def __init__(self) -> None:
        super().__init__("Answer the rule by hand with a reason.")
