"""Refusals of this room, each named as the fact it states."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind

HANDED_IN, AGREED_TO, TRANSFERRED = "HANDED_IN", "AGREED_TO", "TRANSFERRED"
"""Why a draft or a product stays on record."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a draft: where (JSON pointer) and what."""

    pointer: str
    detail: str


def as_errors(faults: Sequence[Fault]) -> list[dict[str, str]]:
    """The faults as a problem lists them."""
    return [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]


class ListingCodeInvalid(CounterfoilError):
    """The text is not a listing code, or its check character does not fit."""

    kind = ErrorKind.NOT_FOUND
    slug = "listing-code-invalid"
    title = "Not a listing code"

    def __init__(self, text: str) -> None:
        super().__init__(
            "A listing code is ten digits, a hyphen and ten characters, the last a check."
            f" A text of {len(text)} characters does not fit: look for a slip of the pen."
        )


class PartyNotVerified(CounterfoilError):
    """The organisation is not verified for this part in trade, or its verification ran out."""

    kind = ErrorKind.FORBIDDEN
    slug = "party-not-verified"
    title = "The organisation is not verified"

    def __init__(self, organisation_id: str, part: str) -> None:
        super().__init__(
            f"Only an organisation with a verification in force as {part} may do this.",
            organisation_id=organisation_id,
            part=part,
        )


class ProductNotFound(CounterfoilError):
    """No data product of this organisation has the id."""

    kind = ErrorKind.NOT_FOUND
    slug = "product-not-found"
    title = "No such data product"

    def __init__(self, product_id: str) -> None:
        super().__init__("No data product of yours has this id.", product_id=product_id)


class ListingDocumentNotFound(CounterfoilError):
    """The listing shows no such document to everybody, or its supplier has not sent it."""

    kind = ErrorKind.NOT_FOUND
    slug = "listing-document-not-found"
    title = "The listing has no such document to show"

    def __init__(self, document_hash: str) -> None:
        super().__init__(
            "It is not among the public evidence of the listing, or was not sent to the exchange.",
            document_hash=document_hash,
        )


class NothingToRate(CounterfoilError):
    """The organisation was never delivered anything of the listing."""

    kind = ErrorKind.FORBIDDEN
    slug = "nothing-to-rate"
    title = "You have received nothing of this listing"

    def __init__(self, listing_code: str) -> None:
        super().__init__(
            "Rate a listing once a call of yours has been delivered.", listing_code=listing_code
        )


class RatingNotFound(CounterfoilError):
    """The organisation has not rated the listing."""

    kind = ErrorKind.NOT_FOUND
    slug = "rating-not-found"
    title = "You have not rated this listing"

    def __init__(self, listing_code: str) -> None:
        super().__init__("No rating of yours stands.", listing_code=listing_code)


class VersionNotFound(CounterfoilError):
    """The data product has no version of this number or id."""

    kind = ErrorKind.NOT_FOUND
    slug = "version-not-found"
    title = "No such version"

    def __init__(self, version: str | int) -> None:
        super().__init__("The data product has no such version.", version=version)


class VersionChanged(CounterfoilError):
    """The version is no longer what the caller had read when it wrote over it."""

    kind = ErrorKind.PRECONDITION_FAILED
    slug = "version-changed"
    title = "Somebody changed the version since you read it"

    def __init__(self, version_id: str, edited_at: datetime) -> None:
        super().__init__(
            "Read it again, and send your change with the ETag that it has now.",
            version_id=version_id,
            edited_at=iso_instant(edited_at),
        )


class VersionImmutable(CounterfoilError):
    """A version that was submitted cannot be edited."""

    kind = ErrorKind.CONFLICT
    slug = "version-immutable"
    title = "A submitted version cannot change"

    def __init__(self, version_id: str, state: str) -> None:
        super().__init__(
            "Only a draft, or a version that was returned to you, can be edited;"
            " make a new version instead.",
            version_id=version_id,
            state=state,
        )


class KeptOnRecord(CounterfoilError):
    """Somebody else relied on it once, so it is not the supplier's alone to delete."""

    kind = ErrorKind.CONFLICT
    slug = "kept-on-record"
    title = "What others relied on is not deleted"

    def __init__(self, subject_id: str, reason: str) -> None:
        said = {
            HANDED_IN: "It was handed in once; what was reviewed stays.",
            AGREED_TO: "A contributor has agreed to it.",
            TRANSFERRED: "It belongs to a transfer of a registration.",
        }
        super().__init__(said[reason], subject_id=subject_id, reason=reason)


class DraftOpen(CounterfoilError):
    """The product has a version that is still being drafted or reviewed."""

    kind = ErrorKind.CONFLICT
    slug = "draft-open"
    title = "Another version is still open"

    def __init__(self, product_id: str, version_number: int) -> None:
        super().__init__(
            f"Version {version_number} is still open; finish it before the next.",
            product_id=product_id,
            version_number=version_number,
        )


class VersionInvalid(CounterfoilError):
    """The content contradicts itself; ``errors`` lists pointer and detail of each fault."""

    kind = ErrorKind.INVALID
    slug = "version-invalid"
    title = "The version contradicts itself"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(f"{len(faults)} fault(s); see errors.", errors=as_errors(faults))


class VersionIncomplete(CounterfoilError):
    """Something that a review needs is missing; ``errors`` lists every missing part."""

    kind = ErrorKind.INVALID
    slug = "version-incomplete"
    title = "The version is not complete"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} part(s) missing; see errors.", errors=as_errors(faults))


class DossierChanged(CounterfoilError):
    """The stored version is no longer what was reviewed: its hash differs."""

    kind = ErrorKind.CONFLICT
    slug = "dossier-changed"
    title = "The version differs from what was reviewed"

    def __init__(self, version_id: str, reviewed_hash: str, stored_hash: str) -> None:
        super().__init__(
            "The stored dossier does not have the hash that was approved; nothing can be sold"
            " from it until it is reviewed again.",
            version_id=version_id,
            reviewed_hash=reviewed_hash,
            stored_hash=stored_hash,
        )


class ListingNotFound(CounterfoilError):
    """No published listing has the code."""

    kind = ErrorKind.NOT_FOUND
    slug = "listing-not-found"
    title = "No such listing"

    def __init__(self, listing_code: str) -> None:
        super().__init__("The catalogue has no listing with this code.", listing_code=listing_code)


class ListingNotOpen(CounterfoilError):
    """The listing is not on sale: suspended, revoked or delisted."""

    kind = ErrorKind.CONFLICT
    slug = "listing-not-open"
    title = "The listing is not on sale"

    def __init__(self, listing_code: str, state: str) -> None:
        super().__init__(
            f"The listing is {state.lower()}; it can be ordered only while it is listed.",
            listing_code=listing_code,
            state=state,
        )
