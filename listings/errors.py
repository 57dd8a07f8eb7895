"""Refusals of this room, each named as the fact it states."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.clock import iso_instant
from app.core.errors import CounterfoilError, ErrorKind


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a draft: where (JSON pointer) and what."""

    pointer: str
    detail: str


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
        super().__init__(f"{len(faults)} fault(s); see errors.", errors=_as_errors(faults))


class VersionIncomplete(CounterfoilError):
    """Something that a review needs is missing; ``errors`` lists every missing part."""

    kind = ErrorKind.INVALID
    slug = "version-incomplete"
    title = "The version is not complete"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} part(s) missing; see errors.", errors=_as_errors(faults))


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


class PlanNotFound(CounterfoilError):
    """The listing's current version has no plan of this id."""

    kind = ErrorKind.NOT_FOUND
    slug = "plan-not-found"
    title = "No such plan"

    def __init__(self, plan_id: str) -> None:
        super().__init__("The listing's current version has no such plan.", plan_id=plan_id)


class RegistryEntryNotFound(CounterfoilError):
    """The registry has no registration of the id, or none of this holder."""

    kind = ErrorKind.NOT_FOUND
    slug = "registry-entry-not-found"
    title = "Not in the registry"

    def __init__(self, registration_id: str) -> None:
        super().__init__(
            "The registry has no such registration, or it is not yours to change.",
            registration_id=registration_id,
        )


class RegistrationInUse(CounterfoilError):
    """The registered product is on sale or suspended."""

    kind = ErrorKind.CONFLICT
    slug = "registration-in-use"
    title = "The registered product is in the catalogue"

    def __init__(self, registration_id: str, listing_code: str) -> None:
        super().__init__(
            "Nothing is sold that is not registered: delist the product first.",
            registration_id=registration_id,
            listing_code=listing_code,
        )


class ScenarioNotApproved(CounterfoilError):
    """The buyer has no approved, current scenario of this id for this listing."""

    kind = ErrorKind.FORBIDDEN
    slug = "scenario-not-approved"
    title = "No approved scenario"

    def __init__(self, scenario_id: str, listing_code: str) -> None:
        super().__init__(
            "An order needs a scenario of yours, approved for this listing and in force now.",
            scenario_id=scenario_id,
            listing_code=listing_code,
        )


class OwnListing(CounterfoilError):
    """Supplier and buyer are the same organisation."""

    kind = ErrorKind.CONFLICT
    slug = "own-listing"
    title = "The listing is your own"

    def __init__(self, listing_code: str) -> None:
        super().__init__("An organisation cannot order from itself.", listing_code=listing_code)


class TermsNotAccepted(CounterfoilError):
    """The buyer did not accept the terms."""

    kind = ErrorKind.INVALID
    slug = "terms-not-accepted"
    title = "The terms were not accepted"

    def __init__(self) -> None:
        super().__init__("An order is placed with accept_terms: true.")


class OrderNotFound(CounterfoilError):
    """No order of this organisation has the id."""

    kind = ErrorKind.NOT_FOUND
    slug = "order-not-found"
    title = "No such order"

    def __init__(self, order_id: str) -> None:
        super().__init__("No order of yours has this id.", order_id=order_id)


class AgreementNotFound(CounterfoilError):
    """No agreement of this organisation has the id."""

    kind = ErrorKind.NOT_FOUND
    slug = "agreement-not-found"
    title = "No such agreement"

    def __init__(self, agreement_id: str) -> None:
        super().__init__("No agreement of yours has this id.", agreement_id=agreement_id)


class CustomOfferInvalid(CounterfoilError):
    """The proposed plan contradicts itself, or its time is no time to decide in."""

    kind = ErrorKind.INVALID
    slug = "custom-offer-invalid"
    title = "The custom offer contradicts itself"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} fault(s); see errors.", errors=_as_errors(faults))


class CustomOfferNotFound(CounterfoilError):
    """The organisation neither made nor received a custom offer of the id."""

    kind = ErrorKind.NOT_FOUND
    slug = "custom-offer-not-found"
    title = "No such custom offer"

    def __init__(self, custom_offer_id: str) -> None:
        super().__init__(
            "You neither made nor received a custom offer of this id.",
            custom_offer_id=custom_offer_id,
        )


class CustomOfferNotOpen(CounterfoilError):
    """The custom offer was decided, withdrawn or ran out."""

    kind = ErrorKind.CONFLICT
    slug = "custom-offer-not-open"
    title = "The custom offer is not open"

    def __init__(self, custom_offer_id: str, state: str) -> None:
        super().__init__(
            f"The custom offer is {state.lower()}; only a new one can be accepted.",
            custom_offer_id=custom_offer_id,
            state=state,
        )


class CustomOfferLimitReached(CounterfoilError):
    """The buyer has as many open custom offers for the listing as it may have."""

    kind = ErrorKind.CONFLICT
    slug = "custom-offer-limit-reached"
    title = "Too many open custom offers"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"A buyer has at most {limit} open custom offers for a listing; withdraw one first.",
            limit=limit,
        )


class ContributionNotFound(CounterfoilError):
    """The organisation neither asked nor was asked for a contribution of the id."""

    kind = ErrorKind.NOT_FOUND
    slug = "contribution-not-found"
    title = "No such contribution"

    def __init__(self, contribution_id: str) -> None:
        super().__init__(
            "You neither asked nor were asked for a contribution of this id.",
            contribution_id=contribution_id,
        )


class ContributionChanged(CounterfoilError):
    """The terms are no longer those whose hash was sent."""

    kind = ErrorKind.CONFLICT
    slug = "contribution-changed"
    title = "The contribution's terms have changed"

    def __init__(self, contribution_id: str, terms_hash: str) -> None:
        super().__init__(
            "The supplier has edited the draft since; read the terms again.",
            contribution_id=contribution_id,
            terms_hash=terms_hash,
        )


class ContributionDecided(CounterfoilError):
    """The contributor has decided on these terms already."""

    kind = ErrorKind.CONFLICT
    slug = "contribution-decided"
    title = "The contribution is decided"

    def __init__(self, contribution_id: str, state: str) -> None:
        super().__init__(
            f"These terms are {state.lower()}; only an edited draft asks again.",
            contribution_id=contribution_id,
            state=state,
        )


class ImportUnreadable(CounterfoilError):
    """The file as a whole cannot be read as one of the known shapes."""

    kind = ErrorKind.INVALID
    slug = "import-unreadable"
    title = "The file cannot be imported"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)


def _as_errors(faults: Sequence[Fault]) -> list[dict[str, str]]:
    return [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
