"""Refusals of plans, custom offers and contributions, and of orders and agreements on them."""

from collections.abc import Sequence

from app.core.errors import CounterfoilError, ErrorKind
from listings.errors import Fault, as_errors


class PlanNotFound(CounterfoilError):
    """The listing's current version has no plan of this id."""

    kind = ErrorKind.NOT_FOUND
    slug = "plan-not-found"
    title = "No such plan"

    def __init__(self, plan_id: str) -> None:
        super().__init__("The listing's current version has no such plan.", plan_id=plan_id)


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
    """An organisation buys from itself, or rates what it sells or shares in."""

    kind = ErrorKind.CONFLICT
    slug = "own-listing"
    title = "The listing is your own"

    def __init__(self, listing_code: str) -> None:
        super().__init__(
            "An organisation neither orders from itself nor rates what it sells or shares in.",
            listing_code=listing_code,
        )


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
        super().__init__(f"{len(faults)} fault(s); see errors.", errors=as_errors(faults))


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
