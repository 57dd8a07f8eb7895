"""What has happened in this room, told to the others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.events import Event
from app.core.ids import (
    AgreementId,
    ContributionId,
    CustomOfferId,
    DemandId,
    OrderId,
    OrganisationId,
    PlanId,
    ProductId,
    RegistrationId,
    ScenarioId,
    VersionId,
)


@dataclass(frozen=True, kw_only=True)
class ProductRegistered(Event):
    """A supplier entered a data product."""

    product_id: ProductId
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class ProductDeleted(Event):
    """A supplier took back a data product that it never handed in, with its draft."""

    product_id: ProductId
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class DraftDeleted(Event):
    """A supplier took back a draft that it never handed in."""

    version_id: VersionId
    product_id: ProductId
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class VersionSubmitted(Event):
    """A version was handed in for review; from now on it is immutable."""

    version_id: VersionId
    product_id: ProductId
    supplier_id: OrganisationId
    listing_code: str
    version_number: int
    dossier: dict[str, Any]
    dossier_hash: str
    is_for_listing: bool = True


@dataclass(frozen=True, kw_only=True)
class EvidenceSubmitted(Event):
    """A document of a version that was handed in: its kind, SHA-256 and days of validity."""

    version_id: VersionId
    kind: str
    document_hash: str
    valid_from: str | None
    valid_to: str | None


@dataclass(frozen=True, kw_only=True)
class RegistryEntryMade(Event):
    """The public was told what was registered, by a record under its hash.

    ``rights`` are "right:basis"; ``chain_hash`` is over the chain of authorisations, if there is
    one, and ``valid_to`` the last day on which all of it is in force.
    """

    registration_id: RegistrationId
    product_id: ProductId
    version_id: VersionId
    holder_id: OrganisationId
    record_hash: str
    rights: list[str]
    chain_hash: str | None
    valid_to: str | None


@dataclass(frozen=True, kw_only=True)
class RegistryEntryEnded(Event):
    """The registry vouches for a registration no more; what was made from it shows that."""

    registration_id: RegistrationId
    holder_id: OrganisationId
    reason_code: str
    is_own_wish: bool = False
    is_transfer: bool = False


@dataclass(frozen=True, kw_only=True)
class PlanPublished(Event):
    """A plan can be ordered."""

    plan_id: PlanId
    plan_hash: str
    listing_code: str
    supplier_id: OrganisationId
    terms: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ListingPublished(Event):
    """An approved version appeared in the catalogue; ``delivery`` says how it is called."""

    listing_code: str
    product_id: ProductId
    version_id: VersionId
    supplier_id: OrganisationId
    dossier_hash: str
    delivery: dict[str, Any]
    fields_in: list[dict[str, Any]]
    fields_out: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ListingDelisted(Event):
    """The supplier took its listing out of the catalogue; running agreements go on."""

    listing_code: str
    supplier_id: OrganisationId


@dataclass(frozen=True, kw_only=True)
class ListingRated(Event):
    """A buyer, who stays unnamed, gave the listing one to five stars."""

    listing_code: str
    supplier_id: OrganisationId
    stars: int


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(Event):
    """A buyer accepted a plan for a scenario; amounts at scale 10⁻⁸, split in basis points.

    Further suppliers of a composite product stand in ``split`` as ``supplier:<organisation id>``.
    A plan of a custom offer is told here and nowhere else: its price is between two parties.
    """

    order_id: OrderId
    agreement_id: AgreementId
    agreement_hash: str
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    listing_code: str
    product_id: ProductId
    version_id: VersionId
    dossier_hash: str
    plan_id: PlanId
    plan_hash: str
    plan_terms: dict[str, Any]
    custom_offer_id: CustomOfferId | None = None
    scenario_id: ScenarioId
    due_amount: int
    currency: str
    split: dict[str, int]
    starts_at: datetime
    ends_at: datetime
    product_terms: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class CustomOfferProposed(Event):
    """A supplier proposed a plan to one buyer; of its terms only the hash is told."""

    custom_offer_id: CustomOfferId
    supplier_id: OrganisationId
    buyer_id: OrganisationId
    listing_code: str
    plan_id: PlanId
    plan_hash: str
    valid_until: datetime


@dataclass(frozen=True, kw_only=True)
class CustomOfferAccepted(Event):
    """The buyer ordered on the proposed plan."""

    custom_offer_id: CustomOfferId
    supplier_id: OrganisationId
    buyer_id: OrganisationId
    listing_code: str
    order_id: OrderId


@dataclass(frozen=True, kw_only=True)
class CustomOfferDeclined(Event):
    """The buyer does not want the proposed plan."""

    custom_offer_id: CustomOfferId
    supplier_id: OrganisationId
    buyer_id: OrganisationId
    listing_code: str


@dataclass(frozen=True, kw_only=True)
class CustomOfferWithdrawn(Event):
    """The supplier took its proposal back."""

    custom_offer_id: CustomOfferId
    supplier_id: OrganisationId
    buyer_id: OrganisationId
    listing_code: str


@dataclass(frozen=True, kw_only=True)
class DemandAnswered(Event):
    """A supplier made a custom offer on what a buyer looks for."""

    demand_id: DemandId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    custom_offer_id: CustomOfferId
    listing_code: str


@dataclass(frozen=True, kw_only=True)
class DemandExtended(Event):
    """A demand takes offers for longer; those suppliers have an open one on it."""

    demand_id: DemandId
    buyer_id: OrganisationId
    supplier_ids: tuple[str, ...]
    closes_at: datetime


@dataclass(frozen=True, kw_only=True)
class DemandClosed(Event):
    """A demand takes no more offers; those suppliers have an open one on it."""

    demand_id: DemandId
    buyer_id: OrganisationId
    supplier_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ContributionAsked(Event):
    """A supplier asks another to agree to its share of a product."""

    contribution_id: ContributionId
    version_id: VersionId
    supplier_id: OrganisationId
    contributor_id: OrganisationId
    terms_hash: str


@dataclass(frozen=True, kw_only=True)
class ContributionAgreed(Event):
    """A contributor agreed to exactly these terms."""

    contribution_id: ContributionId
    version_id: VersionId
    supplier_id: OrganisationId
    contributor_id: OrganisationId
    terms_hash: str


@dataclass(frozen=True, kw_only=True)
class ContributionDeclined(Event):
    """A contributor declined these terms."""

    contribution_id: ContributionId
    version_id: VersionId
    supplier_id: OrganisationId
    contributor_id: OrganisationId
    terms_hash: str


@dataclass(frozen=True, kw_only=True)
class TransferProposed(Event):
    """A holder offers its registration to another supplier, by a deed of this hash."""

    transfer_id: str
    registration_id: RegistrationId
    supplier_id: OrganisationId
    transferee_id: OrganisationId
    deed_hash: str


@dataclass(frozen=True, kw_only=True)
class TransferAccepted(Event):
    """The other supplier takes it over; it applies for a registration of its own."""

    transfer_id: str
    registration_id: RegistrationId
    supplier_id: OrganisationId
    transferee_id: OrganisationId
    deed_hash: str


@dataclass(frozen=True, kw_only=True)
class TransferEnded(Event):
    """One of the two stepped back, or the registration itself was cancelled."""

    transfer_id: str
    registration_id: RegistrationId
    supplier_id: OrganisationId
    transferee_id: OrganisationId
    outcome: str


@dataclass(frozen=True, kw_only=True)
class RegistrationTransferred(Event):
    """The successor is registered for good, and the former holder is not any more."""

    transfer_id: str
    registration_id: RegistrationId
    successor_id: RegistrationId
    supplier_id: OrganisationId
    transferee_id: OrganisationId
    deed_hash: str
