"""What a decision says against a call: a class a rule, explained in docs/problems.md."""

from typing import ClassVar

from app.core.errors import CounterfoilError, ErrorKind


class CallRefused(CounterfoilError):
    """A decision went against the call: rule, legal reference and the input that decided."""

    kind = ErrorKind.FORBIDDEN
    slug: ClassVar[str] = "call-refused"
    title = "The licence does not permit this call"

    def __init__(self, detail: str, *, rule: str, law: str, inputs: dict[str, str]) -> None:
        super().__init__(detail, rule=rule, legal_reference=law, inputs=inputs)


class LicenceNotActive(CallRefused):
    """The licence was revoked, has not begun, or has ended."""

    slug = "licence-not-active"
    title = "The licence is not active"


class ListingNotDelivering(CallRefused):
    """The listing is suspended or revoked."""

    slug = "listing-not-delivering"
    title = "The listing is suspended"


class ListingNotLicensed(CallRefused):
    """The key's licence is for another listing."""

    slug = "listing-not-licensed"
    title = "The key is for another listing"


class NetworkNotAllowed(CallRefused):
    """The client's address is outside the key's networks."""

    slug = "network-not-allowed"
    title = "The key may not be used from this network"


class PurposeMissing(CallRefused):
    """The data is about persons, the licence permits several purposes, and the call says none."""

    slug = "purpose-missing"
    title = "The call does not say what it is for"


class PurposeNotLicensed(CallRefused):
    """The call asserts a purpose that the licence does not have."""

    slug = "purpose-not-licensed"
    title = "The licence has no such purpose"


class FieldNotLicensed(CallRefused):
    """The call asks for an answer field that the licence does not have."""

    slug = "field-not-licensed"
    title = "The licence has no such field"


class FilesUndivided(CallRefused):
    """The licence, or the call, leaves out fields of a package whose files are whole."""

    slug = "files-undivided"
    title = "Files are delivered whole"


class ConsentMissing(CallRefused):
    """The listing asks for a data subject's token with every call, and none came."""

    slug = "consent-missing"
    title = "This listing needs the data subject's consent with each call"


class ConsentTokenRefused(CallRefused):
    """The token was not signed by this exchange, or is not in its register."""

    slug = "consent-token-refused"
    title = "The consent token is not valid"


class ConsentNotGiven(CallRefused):
    """No consent of this person names this recipient and purpose."""

    slug = "consent-not-given"
    title = "The data subject has not agreed to this"


class ConsentWithdrawn(CallRefused):
    """The data subject took the consent back."""

    slug = "consent-withdrawn"
    title = "The data subject has withdrawn the consent"


class ConsentExpired(CallRefused):
    """The consent was given for a term that is over."""

    slug = "consent-expired"
    title = "The consent has expired"


class ConsentSubjectUnknown(CallRefused):
    """It cannot be told from the call whose consent it needs."""

    slug = "consent-subject-unknown"
    title = "The call does not say about whom it asks"
